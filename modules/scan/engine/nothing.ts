/** Nothing is left to do: work that needed no breath gives no generator. */
export const nothing: Iterable<void> = []
