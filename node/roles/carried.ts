import { maxCarried, maxCarriedBytes, maxCarriedPeer } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { keyParts } from '../store/keyspace.ts'
import type { Shelf } from './shelf.ts'

/** An answer of another agent that is, or is to be, carried here. */
export interface Load {
  readonly kind: 'result' | 'status'
  /** On the shelf. */
  readonly key: string
  /** Whose answer it is: its signature says so. */
  readonly peer: PeerId
  /** The neighbour that handed it over; undefined when it is not known any more. */
  readonly from: PeerId | undefined
  readonly sizeBytes: number
}

/** Answers of others that an agent carries until their receipts come by (protocol 6.1): how much there is of them, of whom and from whom.
 *  Room is shared by dynamic thresholds (Choudhury and Hahne, 1998): a neighbour may fill as much as stays free, so whoever hands over
 *  without end fills half at most and leaves room for all others; and one answering agent has a fixed share, which only it can use up. */
export interface Carried {
  /** Why there is no room for it; undefined when there is. */
  refusal(load: Load): string | undefined
  took(load: Load): void
  /** @returns the neighbour that handed it over: its receipt goes back there */
  gone(kind: Load['kind'], key: string): PeerId | undefined
  handedBy(kind: Load['kind'], key: string): PeerId | undefined
}

export async function openCarried(shelf: Shelf): Promise<Carried> {
  const loads = new Map<string, Load>()
  const nameOf = (kind: Load['kind'], key: string) => `${kind} ${key}`
  for (const kind of ['result', 'status'] as const) {
    for (const key of shelf.keys(kind)) {
      const sizeBytes = (await shelf.get(kind, key))?.bytes.length ?? 0
      const peer = keyParts(key)[1] as PeerId
      loads.set(nameOf(kind, key), { kind, key, peer, from: undefined, sizeBytes })
    }
  }
  const total = (which: (load: Load) => boolean) => {
    let items = 0
    let sizeBytes = 0
    for (const load of loads.values()) {
      if (!which(load)) continue
      items++
      sizeBytes += load.sizeBytes
    }
    return { items, sizeBytes }
  }
  return {
    refusal(load) {
      const before = loads.get(nameOf(load.kind, load.key))
      const others = (which: (other: Load) => boolean) => total((other) => other !== before && which(other))
      const all = others(() => true)
      const free = { items: maxCarried - all.items, sizeBytes: maxCarriedBytes - all.sizeBytes }
      if (free.items < 1 || free.sizeBytes < load.sizeBytes) return 'no more answers can be carried'
      if (others((other) => other.peer === load.peer).items >= maxCarriedPeer)
        return `no more answers of ${load.peer} can be carried`
      const given = others((other) => other.from === load.from)
      if (given.items >= free.items || given.sizeBytes + load.sizeBytes > free.sizeBytes)
        return `no more answers can be carried for ${load.from ?? 'this node'}`
      return undefined
    },
    took: (load) => void loads.set(nameOf(load.kind, load.key), load),
    gone(kind, key) {
      const from = loads.get(nameOf(kind, key))?.from
      loads.delete(nameOf(kind, key))
      return from
    },
    handedBy: (kind, key) => loads.get(nameOf(kind, key))?.from,
  }
}
