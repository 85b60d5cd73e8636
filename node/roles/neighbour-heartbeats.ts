import { type Heartbeat, isLaterHeartbeat } from '../core/heartbeat.ts'
import { maxKeptHeartbeats } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { heartbeat as heartbeatKey } from '../store/keyspace.ts'
import { type Item, itemMark } from '../sync/item.ts'

/** The latest heartbeats that an agent has been given by agents: each neighbour's own, so that a neighbour which comes back from a copy
 *  can be told (protocol 7.1), and those of agents behind it that reach no collector (6.1). In memory only: collectors keep them. */
export interface NeighbourHeartbeats {
  /** Whether it is later than the one that was held. */
  take(heartbeat: Heartbeat, bytes: Uint8Array, by: Bringer): boolean
  of(peer: PeerId): KeptHeartbeat | undefined
  all(): readonly KeptHeartbeat[]
}

export interface Bringer {
  readonly from: PeerId
  /** It reached no collector itself then: this heartbeat has to go on. */
  readonly isCutOff: boolean
}

export interface KeptHeartbeat extends Bringer {
  readonly peer: PeerId
  readonly mark: string
  readonly item: Item
}

export function createNeighbourHeartbeats(): NeighbourHeartbeats {
  const kept = new Map<PeerId, KeptHeartbeat & Pick<Heartbeat, 'boot' | 'seq'>>()
  return {
    take({ peerid: peer, boot, seq }, bytes, by) {
      const before = kept.get(peer)
      if (before !== undefined && !isLaterHeartbeat({ boot, seq }, before)) return false
      kept.delete(peer)
      const mark = markOfHeartbeat(peer, { boot, seq })
      kept.set(peer, { peer, boot, seq, mark, ...by, item: { kind: 'heartbeat', bytes } })
      if (kept.size > maxKeptHeartbeats) kept.delete(kept.keys().next().value as PeerId)
      return true
    },
    of: (peer) => kept.get(peer),
    all: () => [...kept.values()],
  }
}

/** The mark that a collector gives the same heartbeat. */
export function markOfHeartbeat(peer: PeerId, { boot, seq }: Pick<Heartbeat, 'boot' | 'seq'>): string {
  return itemMark('heartbeat', heartbeatKey(peer), `${boot}.${seq}`)
}
