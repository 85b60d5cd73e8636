import { claimMs, maxUnreliablePeers } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Mark } from './mark.ts'

/** Who is being asked for what, so that a node which meets three neighbours at once after an outage does not fetch everything thrice. */
export interface Claims {
  /** @returns those of the marks that nobody else is being asked for */
  claim(marks: Iterable<Mark>, peer: PeerId, nowMs: number): Claim
}

export interface Claim {
  readonly marks: readonly Mark[]
  /** Some are being asked of others. */
  readonly isPart: boolean
  /** @param kept whether the other gave what it had said it has; what is asked of one that did not keeps nobody else from being asked,
   *    or it could hold an item back from this node by offering it again and again */
  release(kept: boolean): void
}

export function createClaims(): Claims {
  const asked = new Map<Mark, Asked>()
  const unreliable = new Set<PeerId>()
  return {
    claim(marks, peer, nowMs) {
      const all = [...marks]
      const free = all.filter((mark) => {
        const other = asked.get(mark)
        return other === undefined || other.untilMs <= nowMs || unreliable.has(other.peer)
      })
      const own: Asked = { peer, untilMs: nowMs + claimMs }
      for (const mark of free) asked.set(mark, own)
      return {
        marks: free,
        isPart: free.length < all.length,
        release(kept) {
          for (const mark of free) if (asked.get(mark) === own) asked.delete(mark)
          unreliable.delete(peer)
          if (!kept) unreliable.add(peer)
          if (unreliable.size > maxUnreliablePeers)
            unreliable.delete(unreliable.values().next().value as PeerId)
        },
      }
    },
  }
}

interface Asked {
  readonly peer: PeerId
  readonly untilMs: number
}
