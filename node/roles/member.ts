import { type Certificate, isCollector } from '../core/certificate.ts'
import type { Clock, Random } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { Heartbeat } from '../core/heartbeat.ts'
import { maxGossipItems, maxItemBytes, minLinks, tellMovedMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { noProbe, type Probe } from '../core/probe.ts'
import { createMesh } from '../mesh/create-mesh.ts'
import type { FrameStream, Member, Mesh, MeshOptions } from '../mesh/mesh.ts'
import type { Topic } from '../mesh/topics.ts'
import type { Store } from '../store/store.ts'
import { decodeItems, encodeItems, type Item, type ItemKind } from '../sync/item.ts'
import type { SyncReport } from '../sync/session.ts'
import { type AddressBook, openAddressBook } from './address-book.ts'
import { type Aside, openAside } from './aside.ts'
import { type Carried, openCarried } from './carried.ts'
import { readChosenRelays } from './chosen-relays.ts'
import { type ClockDifference, createClockDifference } from './clock-difference.ts'
import { createDoor, type Door } from './door.ts'
import type { DoorContext, Entered, Source } from './door-context.ts'
import { createLedger, type Ledger, membershipFault } from './ledger.ts'
import { reloadLedger } from './reload-ledger.ts'
import { createSessions, type Exchanged } from './sessions.ts'
import { openShelf, type Shelf } from './shelf.ts'
import { createSyncNode, type SyncBehaviour } from './sync-node.ts'

/** What agents, relays and investigators' nodes have in common: a mesh, a door, a shelf, and sessions with neighbours. */
export interface MemberNode {
  readonly mesh: Mesh
  readonly ledger: Ledger
  readonly shelf: Shelf
  /** At agents: how much is carried for others. */
  readonly carried: Carried | undefined
  /** At collectors: what counts for nothing and is kept all the same. */
  readonly aside: Aside
  readonly door: Door
  readonly addressBook: AddressBook
  readonly clocks: ClockDifference
  /** Sessions with a connected member until there is no more. Those with one member never overlap. */
  syncWith(peer: PeerId): Promise<Exchanged>
  /** Sessions with all connected members that pass, soon and once, however often it is called. */
  syncSoon(which: (member: Member) => boolean, withinMs: number): void
  publish(topic: Topic, ...items: readonly Item[]): Promise<number>
  stop(): Promise<void>
}

export interface MemberOptions extends Pick<MeshOptions, 'mdns' | 'proxy' | 'tls'> {
  readonly certificate: Certificate
  readonly certificateWire: Uint8Array
  readonly invitationWire: Uint8Array
  readonly peerKeySeed: Uint8Array
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly transport: MeshOptions['transport']
  readonly isCut?: MeshOptions['isCut']
  /** Undefined: as the policy has it. */
  readonly relay: boolean | undefined
}

export interface MemberPorts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly knownModules: ReadonlySet<string>
  readonly log: (event: string, details?: Record<string, unknown>) => void
  /** Only measurements have one. */
  readonly probe?: Probe
  /** The network; libp2p when absent. Simulations put another in its place. */
  readonly createMesh?: typeof createMesh
}

/** Where the roles differ. */
export interface RoleBehaviour extends SyncBehaviour {
  readonly topics: readonly Topic[]
  /** Something new and good has come in. */
  entered(what: Entered, source: Source): void
  /** An agent has given a second, different outcome. */
  readonly contradicted?: (actionId: string, peer: PeerId) => void
  joined(member: Member): void
  /** This node can be reached at other addresses than before. */
  readonly moved?: () => void
  /** A session with a member has ended well, whoever opened it. */
  synced(member: Member, report: Pick<SyncReport, 'isWhole'>): void
  ownReceipt(wire: Uint8Array): Promise<boolean>
  ownHeartbeat(wire: Uint8Array): Promise<boolean>
  neighbourHeartbeat(heartbeat: Heartbeat, bytes: Uint8Array, from: PeerId): boolean
  carriesFor(neighbour: PeerId): boolean
  detail(peer: PeerId, stream: FrameStream, signal: AbortSignal): Promise<void>
}

const topicKinds: Readonly<Record<Topic, ReadonlySet<ItemKind>>> = {
  actions: new Set<ItemKind>(['action', 'cancel']),
  policy: new Set<ItemKind>(['root', 'policy', 'invitation', 'certificate']),
  results: new Set<ItemKind>(['result', 'status', 'receipt']),
  // The invitation goes along: a collector may hear of an agent before it has heard of whoever invited it.
  presence: new Set<ItemKind>(['invitation', 'heartbeat']),
}

const forWantOfKnowledge: ReadonlySet<string> = new Set([
  'not-a-member',
  'unknown-action',
  'unknown-signer',
  'no-policy',
])
const isHelpful = (member: Member) => isCollector(member.role)

export async function startMember(
  options: MemberOptions,
  ports: MemberPorts,
  makeBehaviour: (node: MemberNode) => RoleBehaviour,
): Promise<MemberNode> {
  const { store, clock, random, log, probe = noProbe } = ports
  const { fleet, peerid: self, role } = options.certificate
  const shelf = await openShelf(store)
  const ledger = createLedger()
  const carried = isCollector(role) ? undefined : await openCarried(shelf)
  const aside = await openAside(store, clock)
  const addressBook = await openAddressBook(store, self, clock)
  const context: DoorContext = {
    fleet,
    self,
    role,
    ledger,
    shelf,
    clock,
    knownModules: ports.knownModules,
    carried,
    aside,
    contradicted: (actionId, peer) => behaviour.contradicted?.(actionId, peer),
    ownReceipt: (wire) => behaviour.ownReceipt(wire),
    ownHeartbeat: (wire) => behaviour.ownHeartbeat(wire),
    neighbourHeartbeat: (heartbeat, bytes, from) => behaviour.neighbourHeartbeat(heartbeat, bytes, from),
    carriesFor: (neighbour) => behaviour.carriesFor(neighbour),
    log,
  }
  await reloadLedger(context)
  const up = Promise.withResolvers<void>()
  const mesh = deferredMesh(self)
  const judging = createDoor(context, (what, source) => probe.measure('other', () => entered(what, source)))
  const door: Door = {
    enter: (item, source) => probe.measure('verify', () => judging.enter(item, source)),
  }
  function entered(what: Entered, source: Source): void {
    if (what.kind === 'policy') {
      void enterOwn()
      void expelRevoked()
    }
    if (what.kind === 'action' && what.actionId !== undefined) void enterOrphans(what.actionId)
    behaviour.entered(what, source)
  }
  /** This node's own papers, so that it is a member like any other in its own eyes: its receipts are checked by them. */
  async function enterOwn(): Promise<void> {
    await door.enter({ kind: 'invitation', bytes: options.invitationWire }, { via: 'local' })
    await door.enter({ kind: 'certificate', bytes: options.certificateWire }, { via: 'local' })
  }
  /** Answers that came before their question. */
  async function enterOrphans(actionId: string): Promise<void> {
    try {
      for (const bytes of await aside.takeOrphans(actionId))
        await door.enter({ kind: 'result', bytes }, { via: 'disk' })
    } catch (error) {
      // The agent sends it again until it has a receipt.
      log('orphans-lost', { action: actionId, error: messageOf(error) })
    }
  }
  let isStopping = false
  async function expelRevoked(): Promise<void> {
    for (const member of mesh.members()) {
      const fault = membershipFault(ledger, member.peer, clock.now())
      if (fault !== undefined) await mesh.expel(member.peer, fault)
    }
  }

  const clocks = createClockDifference({ clock, members: mesh.members, log })
  const sessions = createSessions({
    node: createSyncNode(context, { door, mesh, addressBook, clock, clocks, behaviour: () => behaviour }),
    mesh,
    clock,
    random,
    log,
    probe,
    knownMembers: () => ledger.certificates.size,
    synced: (member, report) => behaviour.synced(member, report),
  })

  const node: MemberNode = {
    mesh,
    ledger,
    shelf,
    carried,
    aside,
    door,
    addressBook,
    clocks,
    syncWith: sessions.syncWith,
    syncSoon: sessions.syncSoon,
    publish: async (topic, ...items) =>
      items.some((item) => item.bytes.length > maxItemBytes)
        ? 0
        : probe.measure('gossip', () => mesh.publish(topic, encodeItems(items))),
    async stop() {
      if (isStopping) return
      isStopping = true
      sessions.stop()
      await mesh.stop()
      await sessions.ended()
    },
  }
  const behaviour = makeBehaviour(node)

  const chosenRelays = readChosenRelays(ledger, options.certificate)
  const live = await (ports.createMesh ?? createMesh)(
    {
      fleet,
      role,
      peerKeySeed: options.peerKeySeed,
      listen: options.listen,
      announce: options.announce,
      bootstrap: options.bootstrap,
      subscribe: behaviour.topics,
      transport: options.transport,
      ...(options.isCut === undefined ? {} : { isCut: options.isCut }),
      relay: options.relay,
      mdns: options.mdns,
      proxy: options.proxy,
      tls: options.tls,
      minLinks,
    },
    {
      clock,
      random,
      log,
      ...(ports.probe === undefined ? {} : { probe }),
      handlers: {
        async credentials() {
          const items: Item[] = []
          if (ledger.root !== undefined) items.push({ kind: 'root', bytes: ledger.root.bytes })
          if (ledger.policy !== undefined) items.push({ kind: 'policy', bytes: ledger.policy.bytes })
          items.push(
            { kind: 'invitation', bytes: options.invitationWire },
            { kind: 'certificate', bytes: options.certificateWire },
          )
          return encodeItems(items)
        },
        async judge(peer, credentials) {
          const items = decodeItems(credentials)
          if (items === undefined) return { kind: 'refused', reason: 'credentials cannot be read' }
          let last = 'no credentials'
          for (const item of items) {
            if (!topicKinds.policy.has(item.kind))
              return { kind: 'refused', reason: `credentials hold a ${item.kind}` }
            const verdict = await door.enter(item, { via: 'admission', peer })
            if (verdict.kind !== 'accept' && verdict.code !== 'already-held')
              last = `${item.kind}: ${verdict.code}: ${verdict.detail}`
          }
          const fault = membershipFault(ledger, peer, clock.now())
          if (fault !== undefined)
            return { kind: 'refused', reason: fault === 'no certificate' ? last : fault }
          const certificate = ledger.certificates.get(peer)?.certificate
          return certificate === undefined
            ? { kind: 'refused', reason: last }
            : { kind: 'admitted', role: certificate.role }
        },
        async message(topic, publisher, bytes) {
          await up.promise
          const items = decodeItems(bytes)
          if (items === undefined || items.length === 0 || items.length > maxGossipItems) return 'reject'
          if (items.some((item) => !topicKinds[topic].has(item.kind))) return 'reject'
          // What an agent says carries its certificate, so it may be the first that is heard of its publisher; it proves itself at the door.
          const carriesCertificate = topic === 'presence' || topic === 'results'
          // Whether somebody is a member is local knowledge: never a reason to cost a forwarder its score.
          const isMember = membershipFault(ledger, publisher, clock.now()) === undefined
          if (!isMember && !carriesCertificate) {
            // Who it is may have been told by a message that this node missed; gossip does not repeat itself.
            sessions.syncSoon(isHelpful, 1000)
            return 'ignore'
          }
          const role = ledger.certificates.get(publisher)?.certificate.role
          if (topic === 'actions' && (role === undefined || !isCollector(role))) return 'ignore'
          const verdicts = new Set<string>()
          for (const item of items) {
            const verdict = await door.enter(item, { via: 'gossip', peer: publisher })
            verdicts.add(verdict.kind)
            // Gossip never repeats what was ignored; a session brings it again, after what it is judged by.
            if (verdict.kind === 'ignore' && forWantOfKnowledge.has(verdict.code))
              sessions.syncSoon(isHelpful, 1000)
          }
          if (verdicts.has('reject')) return 'reject'
          return verdicts.has('accept') ? 'accept' : 'ignore'
        },
        async stream(name, peer, stream) {
          await up.promise
          const member = mesh.members().find((candidate) => candidate.peer === peer)
          if (member === undefined) return
          if (name === 'sync') await sessions.serve(member, stream)
          else await behaviour.detail(peer, stream, sessions.deadline())
        },
        joined(member) {
          log('joined', { peer: member.peer, role: member.role, address: member.address })
          void up.promise.then(() => {
            if (member.direction === 'outbound') {
              void addressBook.learn(member.peer, [withPeer(member.address, member.peer)], 'itself')
              // Both sides see the connection; the one that dialled opens the session.
              void sessions.attempt(member.peer)
            }
            behaviour.joined(member)
          })
        },
        left(peer) {
          log('left', { peer })
        },
        moved() {
          // Sessions tell neighbours, and they tell others.
          sessions.syncSoon(() => true, tellMovedMs)
          behaviour.moved?.()
        },
        acquaintances: () => {
          const { own } = chosenRelays()
          return addressBook.all().map((known) => ({
            ...known,
            relays: own.has(known.peer) || ledger.certificates.get(known.peer)?.certificate.role === 'relay',
          }))
        },
        bootstrap: () => ledger.policy?.policy.bootstrap ?? [],
        relays: chosenRelays,
      },
    },
  )
  mesh.begin(live)
  if (ledger.policy !== undefined) await enterOwn()
  up.resolve()
  return node
}

function withPeer(address: string, peer: PeerId): string {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}

/** The mesh before it has begun: nobody is there and nothing is sent. Callers need not know when it begins. */
function deferredMesh(self: PeerId): Mesh & { begin(live: Mesh): void } {
  let live: Mesh | undefined
  const begun = (): Mesh => {
    if (live === undefined) throw new MigError('not-reachable', 'the mesh has not begun')
    return live
  }
  return {
    peerId: self,
    addresses: () => live?.addresses() ?? [],
    reach: () => begun().reach(),
    members: () => live?.members() ?? [],
    publish: async (topic, bytes) => (live === undefined ? 0 : live.publish(topic, bytes)),
    open: async (peer, stream, options) => begun().open(peer, stream, options),
    dial: async (addresses, options) => begun().dial(addresses, options),
    expel: async (peer, reason) => live?.expel(peer, reason),
    stop: async () => live?.stop(),
    begin(mesh) {
      live = mesh
    },
  }
}
