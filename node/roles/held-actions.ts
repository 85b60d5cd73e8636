/** Actions that came before this agent has met a collector since its start. A machine that was restored from a copy learns of it only from
 *  others (protocol 7.1), and must not run again meanwhile what it ran before. */
export interface HeldActions {
  /** @returns whether it has to wait */
  keep(actionId: string): boolean
  /** From now on nothing waits. May be called twice. */
  release(): void
}

export function createHeldActions(offer: (actionId: string) => Promise<void>): HeldActions {
  let held: Set<string> | undefined = new Set()
  return {
    keep(actionId) {
      held?.add(actionId)
      return held !== undefined
    },
    release() {
      const waiting = held ?? []
      held = undefined
      for (const actionId of waiting) void offer(actionId)
    },
  }
}
