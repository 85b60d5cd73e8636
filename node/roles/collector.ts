import { isCollector } from '../core/certificate.ts'
import { encodeEnvelope } from '../core/envelope.ts'
import { messageOf } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import { maxGossipActionBytes, passAnswersOnMs, passHeartbeatsOnMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { FrameStream, Member } from '../mesh/mesh.ts'
import * as keys from '../store/keyspace.ts'
import type { Item } from '../sync/item.ts'
import type { Entered, Source } from './door-context.ts'
import { createGreeting } from './greeting.ts'
import { type MemberNode, type MemberOptions, type MemberPorts, startMember } from './member.ts'

/** A node that carries questions and answers for others: a relay, or an investigator's node. */
export type CollectorNode = MemberNode

/** What a collector does with what comes in, beyond carrying it. */
export interface CollectorRole {
  readonly entered: (what: Entered, source: Source) => void
  readonly contradicted?: (actionId: string, peer: PeerId) => void
  readonly synced?: (member: Member) => void
  /** Its own receipt for an answer that it holds, where it is the one to give it. */
  readonly receiptFor?: (actionId: string, peer: PeerId) => Promise<Item | undefined>
  readonly detail?: (peer: PeerId, stream: FrameStream, signal: AbortSignal) => Promise<void>
  /** Actions that are not known any more have been forgotten here. */
  readonly tidied?: () => Promise<void>
}

/** @param makeRole what this collector does with what comes in, beyond carrying it */
export async function startCollector(
  options: MemberOptions,
  ports: MemberPorts,
  makeRole: (node: CollectorNode) => CollectorRole,
): Promise<CollectorNode> {
  const { clock, log } = ports
  let node!: MemberNode
  const greeting = createGreeting(
    () => node.mesh.members(),
    async (peer) => {
      const held = await node.shelf.get('heartbeat', keys.heartbeat(peer))
      return held === undefined ? undefined : { kind: 'heartbeat', bytes: held.bytes }
    },
  )
  /** Agents that have spoken here by session. */
  const spoken = new Set<PeerId>()
  let role!: CollectorRole
  await startMember(options, ports, (member) => {
    node = member
    role = makeRole(member)
    return {
      topics: ['actions', 'policy', 'results', 'presence'],
      entered: (what, source) => {
        // What came by a session was missed by gossip here, so others may have missed it too.
        if (source.via === 'sync' || source.via === 'file')
          void spread(what, source).catch((error: unknown) =>
            log('spread-failed', { error: messageOf(error) }),
          )
        // Nobody listens to what a collector says before they know it, and its first question must not wait for their next session.
        if (source.via === 'admission' && what.kind === 'certificate')
          void introduce(what).catch((error: unknown) => log('spread-failed', { error: messageOf(error) }))
        role.entered(what, source)
      },
      ...(role.contradicted === undefined ? {} : { contradicted: role.contradicted }),
      joined: () => undefined,
      synced: (member) => {
        greeting.confirmed(member.peer)
        role.synced?.(member)
      },
      ownItems: async () => new Map<string, Item>(),
      ownItem: async () => undefined,
      awaits: async () => [],
      async receiptsFor(awaited) {
        const items: Item[] = []
        for (const { actionid, peerid } of awaited) {
          const held = await node.shelf.get('receipt', keys.receipt(actionid, peerid))
          const item: Item | undefined =
            held === undefined
              ? await role.receiptFor?.(actionid, peerid)
              : { kind: 'receipt', bytes: held.bytes }
          if (item !== undefined) items.push(item)
        }
        return items
      },
      hopsFor: () => 0,
      greet: ({ peer, role }) => (isCollector(role) ? Promise.resolve([]) : greeting.of(peer)),
      handOver: async () => [],
      carriesFor: () => false,
      ownReceipt: async () => false,
      ownHeartbeat: async () => false,
      neighbourHeartbeat: () => false,
      detail: role.detail ?? (async (_peer, stream) => stream.abort('no details here')),
    }
  })

  /** Certificates of relays and investigators' nodes, with their invitations, spread on the policy topic (protocol 1.4). */
  async function introduce({ peer }: Entered): Promise<void> {
    const held = peer === undefined ? undefined : node.ledger.certificates.get(peer)
    const invitation = held === undefined ? undefined : node.ledger.invitations.get(held.certificate.invite)
    if (held === undefined || invitation === undefined || !isCollector(held.certificate.role)) return
    await node.publish(
      'policy',
      { kind: 'invitation', bytes: invitation.wire },
      { kind: 'certificate', bytes: held.wire },
    )
  }

  async function spread(what: Entered, source: Source): Promise<void> {
    if (what.kind === 'result' || what.kind === 'status') {
      // Whose question it answers may be linked only to us: it must not wait for a chance session.
      node.syncSoon((member) => isCollector(member.role) && member.peer !== source.peer, passAnswersOnMs)
      return
    }
    if (what.kind === 'heartbeat' && what.peer !== undefined) {
      const { peer } = what
      // An agent that has spoken here, and of which others have heard later words, may run from a copy (protocol 7.1).
      if (source.peer === peer) spoken.add(peer)
      else if (spoken.has(peer)) {
        greeting.again(peer)
        node.syncSoon((member) => member.peer === peer, passHeartbeatsOnMs)
      }
      // Who asks next counts on whoever it has heard of: an agent that is missing here is missing in the expected set.
      node.syncSoon((member) => isCollector(member.role) && member.peer !== source.peer, passHeartbeatsOnMs)
      return
    }
    if (what.kind === 'action' && what.actionId !== undefined) {
      const held = node.ledger.actions.get(what.actionId)
      if (held !== undefined) await spreadAction(node, encodeEnvelope(held.envelope))
      return
    }
    const topic =
      what.kind === 'cancel'
        ? 'actions'
        : what.kind === 'policy' || what.kind === 'invitation'
          ? 'policy'
          : undefined
    const held = topic === undefined ? undefined : await node.shelf.get(what.kind, what.key)
    if (topic !== undefined && held !== undefined)
      await node.publish(topic, { kind: what.kind, bytes: held.bytes })
  }

  async function tidy(): Promise<void> {
    const now = clock.now()
    for (const held of [...node.ledger.actions.values()]) {
      if (plusSeconds(held.action.expireafter, held.action.resultttl) >= now) continue
      const { id } = held
      const of = (key: string) => keys.keyParts(key)[0] === id
      node.ledger.actions.delete(id)
      node.ledger.cancels.delete(id)
      await node.aside.forget(id)
      // Erased first: without the reply key nothing that is left can be opened (protocol 3.4).
      await ports.store.write([{ delete: keys.replyKey(id) }, { delete: keys.expected(id) }], { sync: true })
      for (const kind of ['action', 'cancel', 'status', 'result', 'receipt'] as const) {
        await node.shelf.remove(kind, node.shelf.keys(kind).filter(of))
      }
    }
    await role.tidied?.()
  }
  let callOffTidy = clock.after(60_000, function again() {
    void tidy().catch((error: unknown) => log('tidy-failed', { error: messageOf(error) }))
    callOffTidy = clock.after(60_000, again)
  })

  return {
    ...node,
    async stop() {
      callOffTidy()
      await node.stop()
    },
  }
}

/** Gossips an action; a big one is left to sessions with everybody in reach (protocol 2.2).
 *  @returns how many neighbours heard of it at once */
export async function spreadAction(node: MemberNode, wire: Uint8Array): Promise<number> {
  if (wire.length <= maxGossipActionBytes) {
    const recipients = await node.publish('actions', { kind: 'action', bytes: wire })
    if (recipients > 0) return recipients
  }
  node.syncSoon(() => true, 50)
  return node.mesh.members().length
}
