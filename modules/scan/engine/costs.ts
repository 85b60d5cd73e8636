/** Whether the search for literals pays: where half of a text is lines that hold one, it is only a cost. */
export class Costs {
  /** The search itself costs more than it saves. */
  isSearchCostly = false
  #searchedBytes = 0
  /** By place of the pattern: bytes of lines that were looked at. */
  readonly #lookedAt = new Map<number, number>()

  restart(): void {
    this.isSearchCostly = false
    this.#searchedBytes = 0
    if (this.#lookedAt.size > 0) this.#lookedAt.clear()
  }

  searched(bytes: number): void {
    this.#searchedBytes += bytes
  }

  lookedAt(place: number, bytes: number): void {
    this.#lookedAt.set(place, (this.#lookedAt.get(place) ?? 0) + bytes)
  }

  /** Nothing is to be asked about the place any more. */
  forget(place: number): void {
    this.#lookedAt.delete(place)
  }

  /** May any be costly? */
  get isWorthAsking(): boolean {
    return this.isSearchCostly || this.#lookedAt.size > 0
  }

  isCostly(place: number): boolean {
    const bytes = this.#lookedAt.get(place) ?? 0
    return this.isSearchCostly || (bytes > bytesOfPatience && bytes > this.#searchedBytes / 2)
  }
}

const bytesOfPatience = 64 * 1024
