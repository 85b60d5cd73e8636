import { isCollector } from '../core/certificate.ts'
import { encodeEnvelope } from '../core/envelope.ts'
import { codeOf, messageOf } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import {
  clockToleranceSeconds,
  heartbeatIntervalMs,
  maxOutboxDelayMs,
  minOutboxDelayMs,
  tellMovedMs,
  unheardDelayMs,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { resultHash } from '../core/result.ts'
import type { Gate, OutboxEntry } from '../gate/gate.ts'
import type { FrameStream, Member } from '../mesh/mesh.ts'
import * as keys from '../store/keyspace.ts'
import { type Item, type ItemKind, itemMark } from '../sync/item.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { serveDetail } from './detail.ts'
import type { Entered } from './door-context.ts'
import { type MemberNode, type MemberOptions, type MemberPorts, startMember } from './member.ts'

/** An endpoint's mesh side: carries questions to its gate and the gate's answers out. It cannot run anything itself. */
export interface AgentNode extends MemberNode {
  /** Answers that no origin has confirmed yet. */
  waiting(): Promise<number>
}

export async function startAgent(
  options: MemberOptions,
  ports: MemberPorts & { readonly gate: Gate },
): Promise<AgentNode> {
  const { gate, clock, random, log } = ports
  const self = options.certificate.peerid
  const published = new Set<string>()
  const dialling = new Set<PeerId>()
  let heartbeat: { readonly mark: string; readonly item: Item } | undefined
  let outboxDelayMs = minOutboxDelayMs
  let callOffOutbox: (() => void) | undefined
  let callOffBeat: (() => void) | undefined
  let stopped = false
  let beats = 0
  const delivered = new Set<string>()

  const collectors = (): readonly Member[] => node.mesh.members().filter((member) => isCollector(member.role))
  const describe = (error: unknown) => ({ code: codeOf(error), error: messageOf(error) })

  // Set before anything can come in: the node exists while its mesh is still beginning.
  let node!: MemberNode
  await startMember(options, ports, (member) => {
    node = member
    return {
      topics: ['actions', 'policy'],
      entered: (what, source) => {
        void handle(what).catch((error: unknown) => log('gate-failed', describe(error)))
        if (source.via === 'sync') passOn(what, source.peer)
      },
      joined: (member) => {
        if (!isCollector(member.role)) return
        outboxDelayMs = minOutboxDelayMs
        void beat(true)
        scheduleOutbox()
      },
      moved: () => beatSoon(),
      synced: () => undefined,
      ownItems,
      async awaits() {
        const own = (await gate.outbox())
          .filter((entry) => entry.kind === 'result')
          .map((entry) => ({ actionid: entry.actionId, peerid: self }))
        const carried = node.shelf.keys('result').map((key) => {
          const [actionid, peerid] = keys.keyParts(key) as [string, PeerId]
          return { actionid, peerid }
        })
        return [...own, ...carried].slice(0, 1024)
      },
      async receiptsFor(awaited) {
        const items: Item[] = []
        for (const { actionid, peerid } of awaited) {
          const held = await node.shelf.get('receipt', keys.receipt(actionid, peerid))
          if (held !== undefined) items.push({ kind: 'receipt', bytes: held.bytes })
        }
        return items
      },
      needsCarrier: () => collectors().length === 0,
      mayCarry: () => true,
      ownReceipt: (wire) => gate.offerReceipt(wire),
      async detail(_peer: PeerId, stream: FrameStream, signal: AbortSignal) {
        await serveDetail(stream, signal, (actionId, page) => gate.detailPage(actionId, page))
      },
    }
  })

  /** Agents may not publish actions; what came by a session goes on by sessions (protocol 6.1). */
  function passOn(what: Entered, from: PeerId | undefined): void {
    if (what.kind === 'action' || what.kind === 'cancel' || what.kind === 'policy') {
      node.syncSoon((member) => member.peer !== from && !isCollector(member.role), 200)
    } else if (what.kind === 'result' || what.kind === 'status') {
      node.syncSoon((member) => isCollector(member.role), 100)
    } else if (what.kind === 'receipt' && what.peer !== self) {
      node.syncSoon((member) => member.peer === what.peer, 100)
    }
  }

  async function ownItems(kind: ItemKind): Promise<ReadonlyMap<string, Item>> {
    const items = new Map<string, Item>()
    if (kind === 'heartbeat' && heartbeat !== undefined) items.set(heartbeat.mark, heartbeat.item)
    if (kind === 'result' || kind === 'status') {
      for (const entry of await gate.outbox())
        if (entry.kind === kind) items.set(markOf(entry), { kind, bytes: entry.wire })
    }
    return items
  }

  /** The mark that a collector gives the same answer. */
  function markOf(entry: OutboxEntry): string {
    const envelope = decodeWithCertificate(entry.wire)?.envelopeWire ?? entry.wire
    return entry.kind === 'result'
      ? itemMark('result', keys.result(entry.actionId, self), resultHash(envelope))
      : itemMark('status', keys.status(entry.actionId, self), String(seqOf(envelope)))
  }

  async function handle(what: Entered): Promise<void> {
    if (what.kind === 'policy') {
      await offerPolicy()
      await offerAll()
    } else if (what.kind === 'cancel' && what.actionId !== undefined) {
      for (const cancel of node.ledger.cancels.get(what.actionId) ?? [])
        await gate.offerCancel(encodeEnvelope(cancel.envelope))
    } else if (what.kind === 'action' && what.actionId !== undefined) await offerAction(what.actionId)
  }

  async function offerPolicy(): Promise<void> {
    const { root, policy } = node.ledger
    if (root === undefined || policy === undefined) return
    const answer = await gate.offerPolicy(root.bytes, policy.bytes)
    if (answer.kind === 'not-taken') log('gate-policy', { ...answer })
  }

  async function offerAction(id: string): Promise<void> {
    const held = node.ledger.actions.get(id)
    if (held === undefined) return
    const answer = await gate.offerAction(encodeEnvelope(held.envelope))
    log('gate-action', { action: id, ...answer })
    if (answer.kind === 'hold' && answer.untilMs !== undefined) {
      clock.after(Math.max(0, answer.untilMs - clock.now()) + 50, () => {
        offerAction(id).catch((error: unknown) => log('gate-failed', describe(error)))
      })
    }
  }

  /** Cancels first: an action that is already called off must not start. */
  async function offerAll(): Promise<void> {
    for (const cancels of node.ledger.cancels.values()) {
      for (const cancel of cancels) await gate.offerCancel(encodeEnvelope(cancel.envelope))
    }
    for (const id of node.ledger.actions.keys()) await offerAction(id)
  }

  async function beat(isFirst = false): Promise<void> {
    if (stopped) return
    callOffBeat?.()
    callOffBeat = clock.after(heartbeatIntervalMs * (0.8 + 0.4 * random.fraction()), () => void beat())
    try {
      const bytes = await gate.heartbeat(node.mesh.addresses())
      const { boot } = await gate.identity()
      const item: Item = { kind: 'heartbeat', bytes }
      heartbeat = { mark: itemMark('heartbeat', keys.heartbeat(self), `${boot}.${beats++}`), item }
      await node.publish('presence', { kind: 'invitation', bytes: options.invitationWire }, item)
      // Gossip forgets whoever is not listening yet; a session carries the same heartbeat surely.
      if (isFirst) node.syncSoon((member) => isCollector(member.role), 300 + 700 * random.fraction())
    } catch (error) {
      log('heartbeat-failed', describe(error))
    }
  }

  /** Says where it can be reached now; relays come and go together. */
  function beatSoon(): void {
    callOffBeat?.()
    callOffBeat = clock.after(tellMovedMs, () => void beat(true))
  }

  function scheduleOutbox(): void {
    callOffOutbox?.()
    callOffOutbox = clock.after(outboxDelayMs * (0.5 + random.fraction()), () => {
      drain().catch((error: unknown) => log('outbox-failed', describe(error)))
    })
  }

  /** Gossip is the fast path; what has no receipt is offered again by session, ever more slowly, until the origin confirms it. */
  async function drain(): Promise<void> {
    if (stopped) return
    const entries = await gate.outbox()
    const results = entries.filter((entry) => entry.kind === 'result')
    const pending = entries.filter((entry) => !delivered.has(markOf(entry)))
    if (pending.length === 0 && results.length === 0) {
      outboxDelayMs = minOutboxDelayMs
      return
    }
    const reachable = collectors()
    if (reachable.length > 0) {
      const origin = reachable.find((member) => entries.some((entry) => entry.origin === member.peer))
      const chosen = origin ?? reachable[Math.floor(random.fraction() * reachable.length)]
      if (chosen !== undefined) {
        await node.syncWith(chosen.peer)
        for (const entry of entries) if (entry.kind === 'status') delivered.add(markOf(entry))
      }
    } else await reachOut(entries)
    outboxDelayMs = Math.min(outboxDelayMs * 2, maxOutboxDelayMs)
    scheduleOutbox()
  }

  /** No collector in reach: the action's origin is dialled, else a neighbour carries the answers one hop (protocol 6.1). */
  async function reachOut(entries: readonly OutboxEntry[]): Promise<void> {
    for (const origin of new Set(entries.map((entry) => entry.origin))) {
      const addresses = node.addressBook.addressesOf(origin)
      if (addresses.length === 0 || dialling.has(origin)) continue
      dialling.add(origin)
      try {
        await node.mesh.dial(addresses, { signal: AbortSignal.timeout(10_000) })
        return
      } catch (error) {
        log('origin-not-reached', { origin, ...describe(error) })
      } finally {
        dialling.delete(origin)
      }
    }
    node.syncSoon((member) => !isCollector(member.role), 50)
  }

  gate.onOutbox(() => {
    void announceAnswers().catch((error: unknown) => log('outbox-failed', describe(error)))
  })

  async function announceAnswers(): Promise<void> {
    let heard = collectors().length > 0
    for (const entry of await gate.outbox()) {
      const mark = markOf(entry)
      if (published.has(mark)) continue
      published.add(mark)
      heard = (await node.publish('results', { kind: entry.kind, bytes: entry.wire })) > 0 && heard
    }
    // Whoever heard nothing by gossip is told by a session at once; else the receipts have time to come by themselves.
    outboxDelayMs = heard ? minOutboxDelayMs : unheardDelayMs
    scheduleOutbox()
  }

  async function tidy(): Promise<void> {
    const now = clock.now()
    // What is carried for a neighbour is kept as long as its origin may want it; it needs its action to be judged by.
    const carries = (id: string) => node.shelf.keys('result').some((key) => keys.keyParts(key)[0] === id)
    const gone = [...node.ledger.actions.values()].filter(({ id, action }) => {
      const until = plusSeconds(
        action.expireafter,
        clockToleranceSeconds + (carries(id) ? action.resultttl : 0),
      )
      return until < now
    })
    for (const { id } of gone) {
      node.ledger.actions.delete(id)
      node.ledger.cancels.delete(id)
      const of = (key: string) => keys.keyParts(key)[0] === id
      for (const kind of ['action', 'cancel', 'status', 'result', 'receipt'] as const)
        await node.shelf.remove(kind, node.shelf.keys(kind).filter(of))
    }
    if (published.size > 10_000) published.clear()
    if (delivered.size > 10_000) delivered.clear()
  }
  let callOffTidy = clock.after(60_000, function again() {
    void tidy().catch((error: unknown) => log('tidy-failed', describe(error)))
    callOffTidy = clock.after(60_000, again)
  })

  await offerPolicy()
  await offerAll()
  await beat()
  scheduleOutbox()

  return {
    ...node,
    async waiting() {
      return (await gate.outbox()).filter((entry) => entry.kind === 'result').length
    },
    async stop() {
      if (stopped) return
      stopped = true
      callOffOutbox?.()
      callOffBeat?.()
      callOffTidy()
      await node.stop()
      await gate.stop()
    },
  }
}

function seqOf(statusWire: Uint8Array): number {
  const opened = openEnvelope('mig-status', statusWire)
  return 'value' in opened && typeof opened.value.seq === 'number' ? opened.value.seq : -1
}
