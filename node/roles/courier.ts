import { isCollector } from '../core/certificate.ts'
import type { Clock, Random } from '../core/clock.ts'
import { codeOf, messageOf } from '../core/error.ts'
import {
  maxAwaited,
  maxCarriers,
  maxHops,
  maxOutboxDelayMs,
  maxShownAnswers,
  minOutboxDelayMs,
  unheardDelayMs,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { resultHash } from '../core/result.ts'
import type { Gate, OutboxEntry } from '../gate/gate.ts'
import type { Member } from '../mesh/mesh.ts'
import * as keys from '../store/keyspace.ts'
import { type Item, itemMark } from '../sync/item.ts'
import type { Hello } from '../sync/message.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { createHandOver, type Freight } from './hand-over.ts'
import type { MemberNode } from './member.ts'
import type { KeptHeartbeat } from './neighbour-heartbeats.ts'
import { timeLimit } from './time-limit.ts'
import type { Ways } from './ways.ts'

/** Gets answers out: this agent's own, and those that it carries. By gossip where a collector listens, by sessions until the origin's
 *  receipt comes, by way of neighbours where no collector is in reach (protocol 6.1, 7.2). */
export interface Courier {
  /** The gate has something new. */
  announce(): Promise<void>
  /** There is something to get out, or a new way: the next attempt comes soon. */
  hurry(): void
  /** Own answers, as they are offered to collectors, by mark. */
  answers(kind: 'result' | 'status'): Promise<ReadonlyMap<string, Item>>
  /** An own answer that was shown. */
  shown(mark: string): Item | undefined
  /** Results whose receipts are missing: own ones and carried ones. */
  awaits(): Promise<Hello['awaits']>
  /** What an agent is asked to carry. */
  handOver(other: Member | undefined, theirs: Pick<Hello, 'hops' | 'awaits'>): Promise<readonly Item[]>
  synced(member: Member): void
  /** Neighbours that were handed an answer whose receipt is here now. */
  holders(actionId: string, of: PeerId): readonly PeerId[]
  /** Agents to have sessions with, so that what is on its way comes on. */
  towardsCollectors(): readonly PeerId[]
  stop(): void
}

export function createCourier(
  node: () => MemberNode,
  ports: {
    readonly gate: Gate
    readonly clock: Clock
    readonly random: Random
    readonly log: (event: string, details?: Record<string, unknown>) => void
    readonly self: PeerId
    readonly ways: Ways
    /** Heartbeats that no collector has heard, as far as is known here: this agent's and of those behind it. */
    readonly heartbeats: () => readonly Omit<KeptHeartbeat, 'peer'>[]
  },
): Courier {
  const { gate, clock, random, log, self, ways, heartbeats } = ports
  const members = () => node().mesh.members()
  const collectors = () => members().filter((member) => isCollector(member.role))
  const agents = () => members().filter((member) => !isCollector(member.role))
  const describe = (error: unknown) => ({ code: codeOf(error), error: messageOf(error) })
  const handing = createHandOver({ ways, members, clock })
  const published = new Set<string>()
  const delivered = new Set<string>()
  const dialling = new Set<PeerId>()
  const shown = new Map<string, Item>()
  let delayMs = minOutboxDelayMs
  let next: { readonly atMs: number; readonly callOff: () => void } | undefined
  let stopped = false

  /** The mark that a collector gives the same answer. */
  function markOf(entry: OutboxEntry): string {
    const envelope = decodeWithCertificate(entry.wire)?.envelopeWire ?? entry.wire
    return entry.kind === 'result'
      ? itemMark('result', keys.result(entry.actionId, self), resultHash(envelope))
      : itemMark('status', keys.status(entry.actionId, self), String(seqOf(envelope)))
  }

  /** Calling again goes on with what did not fit: each mark that was shown can be read for a while. */
  async function outbox(): Promise<readonly (OutboxEntry & { readonly mark: string })[]> {
    const entries = (await gate.outbox()).map((entry) => ({ ...entry, mark: markOf(entry) }))
    for (const { mark, kind, wire } of entries) {
      shown.delete(mark)
      shown.set(mark, { kind, bytes: wire })
      if (shown.size > maxShownAnswers) shown.delete(shown.keys().next().value as string)
    }
    return entries
  }

  const carriedResults = () =>
    node()
      .shelf.keys('result')
      .map((key) => {
        const [actionid, peerid] = keys.keyParts(key) as [string, PeerId]
        return { actionid, peerid }
      })

  async function freight(): Promise<readonly Freight[]> {
    const { shelf, carried } = node()
    const own = (await outbox()).map(
      ({ mark, kind, actionId, wire }): Freight => ({
        mark,
        from: undefined,
        ...(kind === 'result' ? { answer: { actionid: actionId, peerid: self } } : {}),
        load: async () => ({ kind, bytes: wire }),
      }),
    )
    const others = (['status', 'result'] as const).flatMap((kind) =>
      shelf.keys(kind).flatMap((key): Freight[] => {
        const mark = shelf.markOf(kind, key)
        if (mark === undefined) return []
        const [actionid, peerid] = keys.keyParts(key) as [string, PeerId]
        // What was there before a restart came from somebody, too.
        const from = carried?.handedBy(kind, key) ?? peerid
        const answer = kind === 'result' ? { answer: { actionid, peerid } } : {}
        return [{ mark, from, ...answer, load: async () => (await shelf.read(kind, [mark]))[0] }]
      }),
    )
    const beats = heartbeats().map(
      ({ mark, item, from }): Freight => ({
        mark,
        from: from === self ? undefined : from,
        load: async () => item,
      }),
    )
    return [...beats, ...own, ...others]
  }

  function schedule(withinMs: number): void {
    if (stopped) return
    const atMs = clock.monotonicMs() + withinMs * (0.5 + random.fraction())
    if (next !== undefined && next.atMs <= atMs) return
    next?.callOff()
    const callOff = clock.after(atMs - clock.monotonicMs(), () => {
      next = undefined
      drain().catch((error: unknown) => log('outbox-failed', describe(error)))
    })
    next = { atMs, callOff }
  }

  /** Gossip is the fast path; what has no receipt is offered again by session, ever more slowly, until the origin confirms it. */
  async function drain(): Promise<void> {
    if (stopped) return
    const entries = await outbox()
    const carried = carriedResults()
    const isPending = entries.some((entry) => entry.kind === 'result' || !delivered.has(entry.mark))
    if (!isPending && carried.length === 0) {
      delayMs = minOutboxDelayMs
      return
    }
    const origins = new Set(entries.map((entry) => entry.origin))
    for (const { actionid } of carried) {
      const origin = node().ledger.actions.get(actionid)?.action.origin
      if (origin !== undefined) origins.add(origin)
    }
    try {
      const reachable = collectors()
      const chosen =
        reachable.find((member) => origins.has(member.peer)) ??
        reachable[Math.floor(random.fraction() * reachable.length)]
      if (chosen !== undefined) {
        await node().syncWith(chosen.peer)
        for (const entry of entries) if (entry.kind === 'status') delivered.add(entry.mark)
      } else await reachOut(origins, carried)
    } finally {
      delayMs = Math.min(delayMs * 2, maxOutboxDelayMs)
      schedule(delayMs)
    }
  }

  /** No collector in reach: an action's origin is dialled, else neighbours carry the answers on (protocol 6.1). */
  async function reachOut(
    origins: ReadonlySet<PeerId>,
    carried: readonly { readonly peerid: PeerId }[],
  ): Promise<void> {
    // Whose answers are carried may have its receipts by now.
    const owners = [...new Set(carried.map(({ peerid }) => peerid))]
      .filter((peer) => agents().some((member) => member.peer === peer))
      .sort(() => random.fraction() - 0.5)
    const nearer = new Set([...towardsCollectors(), ...owners.slice(0, maxCarriers)])
    node().syncSoon((member) => nearer.has(member.peer), 50)
    for (const origin of origins) {
      const addresses = node().addressBook.addressesOf(origin)
      if (addresses.length === 0 || dialling.has(origin)) continue
      dialling.add(origin)
      try {
        await node().mesh.dial(addresses, { signal: timeLimit(clock, 10_000) })
        return
      } catch (error) {
        log('origin-not-reached', { origin, ...describe(error) })
      } finally {
        dialling.delete(origin)
      }
    }
  }

  /** The nearest, and those that hold something: they bring the receipts. */
  function towardsCollectors(): readonly PeerId[] {
    const near = agents()
      .map(({ peer }) => ({ peer, hops: ways.hopsOf(peer), draw: random.fraction() }))
      .sort((a, b) => a.hops - b.hops || a.draw - b.draw)
    const holding = new Set(handing.carriers().slice(0, maxCarriers))
    // Where nobody knows a way and some hold what is ours, asking others only makes more copies.
    const enough = near[0]?.hops === maxHops && holding.size > 0 ? 0 : maxCarriers
    return [...new Set([...holding, ...near.slice(0, enough).map(({ peer }) => peer)])]
  }

  return {
    async announce() {
      let heard = collectors().length > 0
      for (const { mark, kind, wire } of await outbox()) {
        if (published.has(mark)) continue
        if (published.size > 10_000) published.clear()
        published.add(mark)
        heard = (await node().publish('results', { kind, bytes: wire })) > 0 && heard
      }
      if (delivered.size > 10_000) delivered.clear()
      // Whoever heard nothing by gossip is told by a session at once; else the receipts have time to come by themselves.
      delayMs = heard ? minOutboxDelayMs : unheardDelayMs
      schedule(delayMs)
    },
    hurry() {
      delayMs = minOutboxDelayMs
      schedule(delayMs)
    },
    async answers(kind) {
      const own = (await outbox()).filter((entry) => entry.kind === kind)
      return new Map(own.map(({ mark, wire }): [string, Item] => [mark, { kind, bytes: wire }]))
    },
    shown: (mark) => shown.get(mark),
    async awaits() {
      const own = (await outbox())
        .filter((entry) => entry.kind === 'result')
        .map((entry) => ({ actionid: entry.actionId, peerid: self }))
      const carried = carriedResults()
      // All of them have their turn.
      const start = Math.floor(random.fraction() * carried.length)
      return [...own, ...carried.slice(start), ...carried.slice(0, start)].slice(0, maxAwaited)
    },
    async handOver(other, theirs) {
      if (other === undefined || isCollector(other.role) || collectors().length > 0) return []
      return handing.pick(await freight(), other.peer, theirs)
    },
    synced: ({ peer }) => handing.confirmed(peer),
    holders: handing.holders,
    towardsCollectors,
    stop() {
      stopped = true
      next?.callOff()
    },
  }
}

function seqOf(statusWire: Uint8Array): number {
  const opened = openEnvelope('mig-status', statusWire)
  return 'value' in opened && typeof opened.value.seq === 'number' ? opened.value.seq : -1
}
