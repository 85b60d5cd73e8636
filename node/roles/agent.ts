import { isCollector } from '../core/certificate.ts'
import { encodeEnvelope } from '../core/envelope.ts'
import { codeOf, messageOf } from '../core/error.ts'
import { type Heartbeat, parseHeartbeatBody } from '../core/heartbeat.ts'
import { plusSeconds } from '../core/instant.ts'
import {
  clockToleranceSeconds,
  heartbeatIntervalMs,
  maxHops,
  maxToldNeighbours,
  meetLimitMs,
  passAnswersOnMs,
  passHeartbeatsOnMs,
  tellMovedMs,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Gate } from '../gate/gate.ts'
import type { FrameStream, Member } from '../mesh/mesh.ts'
import * as keys from '../store/keyspace.ts'
import type { Item, ItemKind } from '../sync/item.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { createCourier } from './courier.ts'
import { serveDetail } from './detail.ts'
import type { Entered } from './door-context.ts'
import { createGreeting } from './greeting.ts'
import { createHeldActions } from './held-actions.ts'
import { type MemberNode, type MemberOptions, type MemberPorts, startMember } from './member.ts'
import { createNeighbourHeartbeats, type KeptHeartbeat, markOfHeartbeat } from './neighbour-heartbeats.ts'
import { createWays } from './ways.ts'

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
  let own: KeptHeartbeat | undefined
  let callOffBeat: (() => void) | undefined
  let stopped = false

  const members = () => node.mesh.members()
  const collectors = (): readonly Member[] => members().filter((member) => isCollector(member.role))
  const describe = (error: unknown) => ({ code: codeOf(error), error: messageOf(error) })
  const failed = (error: unknown) => log('gate-failed', describe(error))
  const ways = createWays(members)
  const neighbours = createNeighbourHeartbeats()
  const greeting = createGreeting(members, async (peer) => neighbours.of(peer)?.item)
  const shownOwn = new Map<PeerId, string>()
  const unheard = () => neighbours.all().filter(({ isCutOff }) => isCutOff)
  const courier = createCourier(() => node, {
    gate,
    clock,
    random,
    log,
    self,
    ways,
    heartbeats: () => [...(own === undefined ? [] : [own]), ...unheard()],
  })

  // Set before anything can come in: the node exists while its mesh is still beginning.
  let node!: MemberNode
  const held = createHeldActions(async (id) => offerAction(id).catch(failed))
  await startMember(options, ports, (member) => {
    node = member
    return {
      topics: ['actions', 'policy'],
      entered: (what, source) => {
        void handle(what).catch(failed)
        if (source.via === 'sync') passOn(what, source.peer)
      },
      moved: () => beatSoon(),
      joined: (member) => {
        if (!isCollector(member.role)) return
        courier.hurry()
        tellOfWay()
        void beat(true)
      },
      synced: (member, { isWhole }) => {
        greeting.confirmed(member.peer)
        // What is handed over goes last: where time ran out it has not gone.
        if (isWhole) courier.synced(member)
        if (own !== undefined) shownOwn.set(member.peer, own.mark)
        held.met(member.peer, isCollector(member.role))
      },
      ownItems,
      async ownItem(mark) {
        return courier.shown(mark) ?? [...(await ownItems('heartbeat'))].find(([own]) => own === mark)?.[1]
      },
      awaits: () => courier.awaits(),
      async receiptsFor(awaited) {
        const items: Item[] = []
        for (const { actionid, peerid } of awaited) {
          const held = await node.shelf.get('receipt', keys.receipt(actionid, peerid))
          if (held !== undefined) items.push({ kind: 'receipt', bytes: held.bytes })
        }
        return items
      },
      hopsFor: (peer) => ways.hopsFor(peer),
      async greet({ peer, role }) {
        const mine =
          own === undefined || isCollector(role) || shownOwn.get(peer) === own.mark ? [] : [own.item]
        return [...(await greeting.of(peer)), ...mine]
      },
      async handOver({ peer }, theirs) {
        const hadWay = ways.hopsFor(undefined) < maxHops
        ways.heard(peer, theirs.hops)
        if (!hadWay && ways.hopsFor(undefined) < maxHops) {
          courier.hurry()
          goOn(passAnswersOnMs)
          tellOfWay()
        }
        return courier.handOver(
          members().find((member) => member.peer === peer),
          theirs,
        )
      },
      carriesFor: (neighbour) => ways.hopsOf(neighbour) > 1,
      ownReceipt: (wire) => gate.offerReceipt(wire),
      async ownHeartbeat(wire) {
        const isCopy = await gate.offerHeartbeat(wire)
        // What it says from now on is later than all that was said before.
        if (isCopy) void beat(true)
        return isCopy
      },
      neighbourHeartbeat: (heartbeat, bytes, from) =>
        neighbours.take(heartbeat, bytes, { from, isCutOff: ways.hopsOf(from) > 1 }),
      async detail(_peer: PeerId, stream: FrameStream, signal: AbortSignal) {
        await serveDetail(stream, signal, async ({ actionId, page, peer }) =>
          peer === undefined || peer === self ? gate.detailPage(actionId, page) : undefined,
        )
      },
    }
  })

  /** Agents may not publish actions; what came by a session goes on by sessions (protocol 6.1). */
  function passOn(what: Entered, from: PeerId | undefined): void {
    if (what.kind === 'action' || what.kind === 'cancel' || what.kind === 'policy') {
      node.syncSoon((member) => member.peer !== from && !isCollector(member.role), 200)
    } else if (what.kind === 'result' || what.kind === 'status') {
      goOn(passAnswersOnMs)
      courier.hurry()
    } else if (what.kind === 'heartbeat' && what.peer !== undefined && neighbours.of(what.peer)?.isCutOff) {
      goOn(passHeartbeatsOnMs)
    } else if (what.kind === 'receipt' && what.peer !== undefined && what.actionId !== undefined) {
      const holders = courier.holders(what.actionId, what.peer)
      const waiting = new Set([what.peer, what.handedBy, ...holders])
      node.syncSoon((member) => member.peer !== from && waiting.has(member.peer), passAnswersOnMs)
    }
  }

  /** Sessions with collectors, or with whoever is nearest to one. */
  function goOn(withinMs: number): void {
    const [nearest] = courier.towardsCollectors()
    const isAlone = collectors().length === 0
    node.syncSoon(
      (member) => isCollector(member.role) || (isAlone && member.peer === nearest),
      withinMs * (0.3 + 0.7 * random.fraction()),
    )
  }

  /** There is a way to a collector now: a few neighbours that know of none are told, and tell others. */
  function tellOfWay(): void {
    const lost = members()
      .filter((member) => !isCollector(member.role) && ways.hopsOf(member.peer) === maxHops)
      .sort(() => random.fraction() - 0.5)
      .slice(0, maxToldNeighbours)
      .map(({ peer }) => peer)
    if (lost.length > 0) node.syncSoon((member) => lost.includes(member.peer), passAnswersOnMs)
  }

  async function ownItems(kind: ItemKind): Promise<ReadonlyMap<string, Item>> {
    if (kind === 'heartbeat')
      return new Map(
        [...(own === undefined ? [] : [own]), ...unheard()].map(({ mark, item }) => [mark, item]),
      )
    return kind === 'result' || kind === 'status' ? courier.answers(kind) : new Map()
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
    if (held.keep(id)) return
    const known = node.ledger.actions.get(id)
    // Expired ones are kept for the answers that are carried.
    if (known === undefined || plusSeconds(known.action.expireafter, clockToleranceSeconds) < clock.now())
      return
    const answer = await gate.offerAction(encodeEnvelope(known.envelope))
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
      const item: Item = { kind: 'heartbeat', bytes: await gate.heartbeat(node.mesh.addresses()) }
      const mark = markOfHeartbeat(self, readHeartbeat(item.bytes) ?? { boot: 0, seq: 0 })
      own = { peer: self, mark, item, from: self, isCutOff: true }
      await node.publish('presence', { kind: 'invitation', bytes: options.invitationWire }, item)
      // Gossip forgets whoever is not listening yet; a session carries the same heartbeat surely.
      if (isFirst || collectors().length === 0) goOn(passHeartbeatsOnMs)
    } catch (error) {
      log('heartbeat-failed', describe(error))
    }
  }

  /** Says where it can be reached now; relays come and go together. */
  function beatSoon(): void {
    callOffBeat?.()
    callOffBeat = clock.after(tellMovedMs, () => void beat(true))
  }

  gate.onOutbox(() => {
    courier.announce().catch((error: unknown) => log('outbox-failed', describe(error)))
  })

  async function tidy(): Promise<void> {
    const now = clock.now()
    // What is carried is kept as long as its origin may want it, and its action with it: it is judged by that. So it is where neighbours
    // carry, or they would hand over the same action again and again.
    const isCutOff =
      collectors().length === 0 ||
      members().some((member) => !isCollector(member.role) && ways.hopsOf(member.peer) > 1)
    const carries = (id: string) => node.shelf.keys('result').some((key) => keys.keyParts(key)[0] === id)
    const gone = [...node.ledger.actions.values()].filter(({ id, action }) => {
      const untilAnswered = isCutOff || carries(id) ? action.resultttl : 0
      return plusSeconds(action.expireafter, clockToleranceSeconds + untilAnswered) < now
    })
    for (const { id } of gone) {
      node.ledger.actions.delete(id)
      node.ledger.cancels.delete(id)
      const of = (key: string) => keys.keyParts(key)[0] === id
      for (const kind of ['action', 'cancel', 'status', 'result', 'receipt'] as const) {
        const expired = node.shelf.keys(kind).filter(of)
        await node.shelf.remove(kind, expired)
        if (kind === 'status' || kind === 'result') for (const key of expired) node.carried?.gone(kind, key)
      }
    }
  }
  let callOffTidy = clock.after(60_000, function again() {
    void tidy().catch((error: unknown) => log('tidy-failed', describe(error)))
    callOffTidy = clock.after(60_000, again)
  })

  const callOffHold = clock.after(meetLimitMs, () => held.release())
  await offerPolicy()
  await offerAll()
  await beat()
  courier.hurry()

  return {
    ...node,
    async waiting() {
      return (await gate.outbox()).filter((entry) => entry.kind === 'result').length
    },
    async stop() {
      if (stopped) return
      stopped = true
      courier.stop()
      callOffHold()
      callOffBeat?.()
      callOffTidy()
      await node.stop()
      await gate.stop()
    },
  }
}

function readHeartbeat(wire: Uint8Array): Heartbeat | undefined {
  const envelope = decodeWithCertificate(wire)?.envelopeWire
  const opened = envelope === undefined ? undefined : openEnvelope('mig-heartbeat', envelope)
  const heartbeat = opened !== undefined && 'value' in opened ? parseHeartbeatBody(opened.value) : undefined
  return typeof heartbeat === 'string' ? undefined : heartbeat
}
