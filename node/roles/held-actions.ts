import { minLinks } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'

/** Actions that came before this agent has met others since its start. A machine that was restored from a copy learns of it only from
 *  others (protocol 7.1), and must not run again meanwhile what it ran before. */
export interface HeldActions {
  /** @returns whether it has to wait */
  keep(actionId: string): boolean
  /** A session with a member has ended, which began with what it holds of this agent. A collector holds the latest of everybody, a
   *  neighbour that of its own neighbours: of those it takes as many as an agent keeps links. */
  met(peer: PeerId, isCollector: boolean): void
  /** From now on nothing waits. May be called twice. */
  release(): void
}

export function createHeldActions(offer: (actionId: string) => Promise<void>): HeldActions {
  let held: Set<string> | undefined = new Set()
  const neighbours = new Set<PeerId>()

  function release(): void {
    const waiting = held ?? []
    held = undefined
    for (const actionId of waiting) void offer(actionId)
  }

  return {
    keep(actionId) {
      held?.add(actionId)
      return held !== undefined
    },
    met(peer, isCollector) {
      if (held === undefined) return
      neighbours.add(peer)
      if (isCollector || neighbours.size >= minLinks) release()
    },
    release,
  }
}
