import { isCollector } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import {
  maxAwaited,
  maxCarried,
  maxCarriers,
  maxHandOverBytes,
  maxHops,
  nextCarrierAfterMs,
  syncDeadlineMs,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Member } from '../mesh/mesh.ts'
import type { Item } from '../sync/item.ts'
import type { Ways } from './ways.ts'

/** Something that has to reach a collector and may go by way of a neighbour. */
export interface Freight {
  /** Its mark: a newer version is another freight. */
  readonly mark: string
  /** The neighbour that it came from; undefined for what this node says itself. */
  readonly from: PeerId | undefined
  /** Whose answer it is, when a receipt ends it. */
  readonly answer?: { readonly actionid: string; readonly peerid: PeerId }
  /** Undefined when it has gone meanwhile. */
  readonly load: () => Promise<Item | undefined>
}

/** Decides which neighbour is asked to carry what, so that it comes nearer to a collector and not everybody holds a copy:
 *  first the neighbour with the shortest way, further ones only when no receipt comes. Where nobody knows a way, this node's own
 *  answers alone are left with a few neighbours, one of which may meet a collector when this node is gone. */
export interface HandOver {
  pick(
    freight: readonly Freight[],
    other: PeerId,
    theirs: { readonly hops: number; readonly awaits: readonly { actionid: string; peerid: PeerId }[] },
  ): Promise<readonly Item[]>
  /** The session in which it was picked has ended well. */
  confirmed(peer: PeerId): void
  /** Linked neighbours that hold something for this node. */
  carriers(): readonly PeerId[]
  /** Neighbours that were handed this answer, or are just being handed it. */
  holders(actionId: string, of: PeerId): readonly PeerId[]
}

interface Given {
  readonly answer: Freight['answer']
  /** With the time at which each was last given it. */
  readonly to: Map<PeerId, number>
  readonly sinceMs: number
}

export function createHandOver(ports: {
  readonly ways: Ways
  readonly members: () => readonly Member[]
  readonly clock: Clock
}): HandOver {
  const { ways, members, clock } = ports
  const given = new Map<string, Given>()
  /** What is on its way in a session that has not ended; one that fails is forgotten in time. */
  const picked = new Map<
    PeerId,
    { readonly marks: ReadonlyMap<string, Freight['answer']>; readonly atMs: number }
  >()

  /** How many linked neighbours may hold it by now. */
  function allowed(sinceMs: number): number {
    let count = 1
    for (
      let after = nextCarrierAfterMs;
      count < maxCarriers && clock.monotonicMs() - sinceMs >= after;
      after *= 10
    )
      count++
    return count
  }

  function isFor({ mark, from }: Freight, other: PeerId, hops: number): boolean {
    if (from === other) return false
    const before = given.get(mark)
    const to = new Set(before?.to.keys())
    for (const [peer, { marks, atMs }] of picked)
      if (marks.has(mark) && clock.monotonicMs() - atMs < syncDeadlineMs) to.add(peer)
    if (to.has(other) || to.size >= 2 * maxCarriers) return false
    const agents = members().filter((member) => !isCollector(member.role))
    const room =
      allowed(before?.sinceMs ?? clock.monotonicMs()) - agents.filter((member) => to.has(member.peer)).length
    const better = agents.filter(
      ({ peer }) => peer !== other && peer !== from && !to.has(peer) && ways.hopsOf(peer) < hops,
    ).length
    if (hops >= maxHops && (from !== undefined || better > 0)) return false
    return better < room
  }

  function give(peer: PeerId, mark: string, answer: Freight['answer']): void {
    const before = given.get(mark)
    given.delete(mark)
    given.set(mark, {
      answer,
      to: new Map([...(before?.to ?? []), [peer, clock.monotonicMs()]]),
      sinceMs: before?.sinceMs ?? clock.monotonicMs(),
    })
    // What is forgotten here is at worst handed over once more.
    if (given.size > 2 * maxCarried) given.delete(given.keys().next().value as string)
  }

  /** Who carries an answer names it in each hello until there is a receipt. One that does not has never got it (the session that brought it
   *  broke while another one ended well) or has lost it: it is given it again. */
  function missing({ mark, answer }: Freight, other: PeerId, awaited: number): void {
    const to = given.get(mark)?.to
    const atMs = to?.get(other)
    if (answer === undefined || atMs === undefined || awaited >= maxAwaited) return
    // A hello that was written while it was under way says nothing.
    if (clock.monotonicMs() - atMs >= syncDeadlineMs) to?.delete(other)
  }

  return {
    async pick(freight, other, theirs) {
      const heldThere = new Set(theirs.awaits.map(({ actionid, peerid }) => `${actionid} ${peerid}`))
      const items: Item[] = []
      const marks = new Map<string, Freight['answer']>()
      picked.delete(other)
      let left = maxHandOverBytes
      for (const one of freight) {
        const { answer } = one
        // It holds it already; it may be where it came from.
        if (answer !== undefined && heldThere.has(`${answer.actionid} ${answer.peerid}`)) continue
        missing(one, other, theirs.awaits.length)
        if (!isFor(one, other, theirs.hops)) continue
        // Before it is read: another session may begin meanwhile.
        marks.set(one.mark, answer)
        picked.set(other, { marks, atMs: clock.monotonicMs() })
        const item = await one.load()
        left -= item?.bytes.length ?? 0
        if (item !== undefined && left >= 0) items.push(item)
        else marks.delete(one.mark)
        if (left < 0) break
      }
      return items
    },
    confirmed(peer) {
      for (const [mark, answer] of picked.get(peer)?.marks ?? []) give(peer, mark, answer)
      picked.delete(peer)
    },
    carriers() {
      const all = new Set([...given.values()].flatMap(({ to }) => [...to.keys()]))
      return members().flatMap(({ peer }) => (all.has(peer) ? [peer] : []))
    },
    holders(actionId, of) {
      const isIt = (answer: Freight['answer']) => answer?.actionid === actionId && answer.peerid === of
      const handed = [...given.values()].flatMap(({ answer, to }) => (isIt(answer) ? [...to.keys()] : []))
      const onTheWay = [...picked].flatMap(([peer, { marks }]) =>
        [...marks.values()].some(isIt) ? [peer] : [],
      )
      return [...new Set([...handed, ...onTheWay])]
    },
  }
}
