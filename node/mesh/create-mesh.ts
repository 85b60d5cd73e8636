import '../core/first.ts'
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock, Random } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import { enrolLimitMs, maxServedStreamsPeer } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { noProbe, type Probe } from '../core/probe.ts'
import { type DialTarget, groupByPeer, parseAddress, withoutSelf } from './addresses.ts'
import { Admission } from './admission.ts'
import { type DialOutcome, dialPeer } from './dialler.ts'
import { joinOffice } from './discovery/join-office.ts'
import type { LanDiscovery, OpenLan } from './discovery/lan-discovery.ts'
import { Gossip } from './gossip.ts'
import { HolePunching } from './hole-punch/hole-punching.ts'
import { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import { createLibp2pNode } from './libp2p-node.ts'
import type { FrameStream, Log, Mesh, MeshHandlers, MeshOptions } from './mesh.ts'
import type { ChosenRelays, Reach } from './reach.ts'
import { RelayedReach } from './relayed-reach.ts'
import { ServedStreams } from './served-streams.ts'
import { Supervisor } from './supervisor.ts'
import { type ServedStream, servedStreams, streamProtocol, type Topic } from './topics.ts'

/** Starts a node of the mesh over libp2p; it keeps its links by itself until `stop`.
 *  @throws MigError `bad-input` for a key, an address or a port that cannot be used */
export async function createMesh(
  options: MeshOptions,
  ports: { handlers: MeshHandlers; clock: Clock; random: Random; log: Log; lan?: OpenLan; probe?: Probe },
): Promise<Mesh> {
  const { clock, random, log } = ports
  checkOptions(options)
  let supervisor: Supervisor | undefined
  // One by one: spreading would lose the methods of a class.
  const above = ports.handlers
  const handlers: Required<MeshHandlers> = {
    credentials: () => above.credentials(),
    judge: (peer, credentials) => above.judge(peer, credentials),
    message: (topic, publisher, bytes) => above.message(topic, publisher, bytes),
    stream: (name, peer, stream) => above.stream(name, peer, stream),
    joined: (member) => {
      supervisor?.wake()
      above.joined(member)
      punching?.joined(member)
    },
    left: (peer) => {
      supervisor?.wake()
      above.left(peer)
    },
    moved: () => above.moved(),
    acquaintances: () => above.acquaintances(),
    bootstrap: () => above.bootstrap(),
    relays: () => above.relays?.() ?? noRelays,
  }
  const permit = (connection: Connection) => admission.permit(connection)
  const gossip = new Gossip(options, { handlers, permit, clock, log })
  const admission: Admission = new Admission(
    { enrolLimitMs: options.enrolLimitMs ?? enrolLimitMs, protocol: streamProtocol(options.fleet, 'enrol') },
    { handlers, gossip, clock, log, forget: (connection) => forget(libp2p, connection, reach) },
  )
  const strangerCount = () => admission.strangerCount()
  const isReservedAt = (relay: PeerId) => reach.isReservedAt(relay)
  const node = await createLibp2pNode(options, {
    clock,
    gossip: gossip.service,
    strangerCount,
    permit,
    isReservedAt,
    probe: ports.probe,
  })
  const { libp2p, listening, probe } = node
  const ownPeer = parsePeerId(libp2p.peerId.toString()) as PeerId // made from an Ed25519 seed
  const moved = () => {
    supervisor?.wake()
    handlers.moved()
  }
  const reach: RelayedReach = new RelayedReach(
    { ...options, reachProtocol: streamProtocol(options.fleet, 'reach') },
    { ownPeer, admission, listening, probe, chosen: handlers.relays, moved, clock, random, log },
  )
  await reach.handle(libp2p)
  const punching =
    options.transport === 'tcp'
      ? new HolePunching(
          { ownPeer, fleet: options.fleet },
          { ...node, admission, addresses: () => reach.addresses(), clock, random, log },
        )
      : undefined
  await punching?.handle(libp2p)

  libp2p.addEventListener('connection:open', ({ detail }) => {
    if (punching?.isProbe(detail) !== true) admission.opened(detail)
  })
  libp2p.addEventListener('connection:close', (event) => admission.closed(event.detail))
  const streams = new ServedStreams({ handlers, permit, clock, log })
  await libp2p.handle(
    streamProtocol(options.fleet, 'enrol'),
    (stream, connection) => admission.serve(stream, connection),
    { maxInboundStreams: 1, runOnLimitedConnection: true },
  )
  for (const name of servedStreams) {
    await libp2p.handle(streamProtocol(options.fleet, name), streams.handlerOf(name), {
      maxInboundStreams: maxServedStreamsPeer,
      runOnLimitedConnection: true,
    })
  }
  try {
    // Its heartbeats start here.
    await (ports.probe ?? noProbe).measure('gossip', () => libp2p.start())
  } catch (error) {
    throw new MigError('bad-input', `cannot listen on ${options.listen.join(', ')}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  gossip.subscribe()

  const dial = (target: DialTarget, signal: AbortSignal): Promise<DialOutcome> =>
    dialPeer(target, { libp2p, dialAddress: node.dialAddress, admission, ownPeer, clock, log }, signal)
  const acquaintances = () => withoutSelf(readAcquaintances(handlers, log), ownPeer)
  const office = joinOffice(
    { ...options, ownPeer },
    { ...ports, listening, admission, found: () => supervisor?.wake() },
  )
  supervisor = new Supervisor(
    { minLinks: options.minLinks },
    {
      clock,
      random,
      log,
      links: {
        members: () => admission.members(),
        memberCount: () => admission.memberCount(),
        isMember: (peer) => admission.isMember(peer),
        isDirect: (peer) => admission.directConnections(peer).length > 0,
        isGraylisted: (peer) => gossip.isGraylisted(peer),
        canGossip: (peer) => gossip.canSend(peer),
        repairGossip: (peer) => {
          const connection = admission.connections(peer)[0]
          if (connection !== undefined) gossip.connect(connection)
        },
        expel: (peer, reason) => admission.expel(peer, reason),
        bootstrap: () => withoutSelf(readBootstrap(options.bootstrap, handlers, log), ownPeer),
        acquaintances,
        knownRelays: () =>
          withoutSelf(readAcquaintances(handlers, log, true), ownPeer).filter(({ peer }) =>
            reach.wouldReserveAt(peer),
          ),
        lacksRelays: () => reach.lacksRelays(),
        look: () => reach.look(),
        neighbours: () => office?.targets() ?? [],
        async dial(target, signal) {
          const outcome = await dial(target, signal)
          if (outcome.kind !== 'admitted') office?.failed(target.peer)
          return outcome
        },
      },
    },
  )
  return new Libp2pMesh(
    { ownPeer, libp2p, fleet: options.fleet },
    {
      gossip,
      reach,
      punching,
      office,
      admission,
      supervisor,
      dial,
      acquaintances,
    },
  )
}

/** What a node does whose policy has chosen nobody. */
const noRelays: ChosenRelays = { isChosen: false, serves: () => false, own: new Set(), others: new Set() }

interface RunningNode {
  readonly ownPeer: PeerId
  readonly libp2p: Libp2p
  readonly fleet: string
}

interface Parts {
  readonly gossip: Gossip
  readonly reach: RelayedReach
  readonly punching: HolePunching | undefined
  readonly office: LanDiscovery | undefined
  readonly admission: Admission
  readonly supervisor: Supervisor
  readonly dial: (target: DialTarget, signal: AbortSignal) => Promise<DialOutcome>
  readonly acquaintances: () => readonly DialTarget[]
}

class Libp2pMesh implements Mesh {
  readonly peerId: PeerId
  readonly #node: RunningNode
  readonly #parts: Parts
  readonly #running: Promise<void>
  #stopping: Promise<void> | undefined

  constructor(node: RunningNode, parts: Parts) {
    this.peerId = node.ownPeer
    this.#node = node
    this.#parts = parts
    this.#running = parts.supervisor.run()
  }

  addresses(): readonly string[] {
    return this.#parts.reach.addresses()
  }

  reach(): Reach {
    return this.#parts.reach.view()
  }

  members() {
    return this.#parts.admission.members()
  }

  publish(topic: Topic, bytes: Uint8Array): Promise<number> {
    return this.#parts.gossip.publish(topic, bytes)
  }

  async open(
    peer: PeerId,
    stream: ServedStream,
    options: { readonly signal: AbortSignal },
  ): Promise<FrameStream> {
    const { admission, acquaintances, dial } = this.#parts
    const { signal } = options
    if (!admission.isMember(peer)) {
      const target = acquaintances().find((known) => known.peer === peer)
      if (target === undefined)
        throw new MigError('not-reachable', `${peer} is not connected and no address is known`)
      const outcome = await dial(target, signal)
      if (outcome.kind !== 'admitted') throw new MigError('not-reachable', `${peer}: ${outcome.reason}`)
    }
    let reason = 'the connection was closed'
    for (const connection of admission.connections(peer)) {
      try {
        const protocol = streamProtocol(this.#node.fleet, stream)
        return new Libp2pFrameStream(
          await connection.newStream(protocol, { signal, runOnLimitedConnection: true }),
        )
      } catch (error) {
        reason = messageOf(error)
      }
    }
    throw new MigError('not-reachable', `${peer}: ${reason}`)
  }

  async dial(addresses: readonly string[], options: { readonly signal: AbortSignal }): Promise<PeerId> {
    const reasons = addresses
      .filter((text) => parseAddress(text) === undefined)
      .map((text) => `${text}: no /p2p/<id> at its end`)
    const { signal } = options
    const tries = groupByPeer(addresses).map(async (target) => {
      const outcome = await this.#parts.dial(target, signal)
      if (outcome.kind === 'admitted') return target.peer
      throw new Error(
        `${target.addresses.map(String).join(', ')}: ${outcome.kind === 'refused' ? 'refused: ' : ''}${outcome.reason}`,
      )
    })
    try {
      return await Promise.any(tries)
    } catch (error) {
      if (error instanceof AggregateError) reasons.push(...error.errors.map(messageOf))
      throw new MigError(
        'not-reachable',
        `no address leads to a member: ${reasons.join('; ') || 'there is none'}`,
      )
    }
  }

  async expel(peer: PeerId, reason: string): Promise<void> {
    this.#parts.supervisor.avoid(peer)
    this.#parts.admission.expel(peer, reason)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#parts.supervisor.stop()
    this.#parts.reach.stop()
    this.#parts.punching?.stop()
    await this.#parts.office?.stop()
    this.#parts.admission.stop()
    await this.#running
    await this.#node.libp2p.stop()
  }
}

function checkOptions(options: MeshOptions): void {
  if (options.peerKeySeed.length !== 32)
    throw new MigError('bad-input', 'the seed of a peer key has 32 bytes')
  for (const text of options.bootstrap) {
    if (parseAddress(text) === undefined) {
      throw new MigError('bad-input', `'${text}' is no address that can be dialled and ends in /p2p/<id>`)
    }
  }
  for (const text of [...options.listen, ...options.announce]) {
    try {
      multiaddr(text)
    } catch (error) {
      throw new MigError('bad-input', `'${text}' is not a multiaddr`, { cause: error })
    }
  }
}

function readAcquaintances(handlers: MeshHandlers, log: Log, onlyRelays = false): DialTarget[] {
  try {
    const wanted = handlers.acquaintances().filter(({ relays }) => !onlyRelays || relays === true)
    return groupByPeer(wanted.flatMap(({ addresses }) => [...addresses]))
  } catch (error) {
    log('handler-failed', { event: 'acquaintances', error: messageOf(error) })
    return []
  }
}

/** What was given at the start and what the policy of the moment adds. */
function readBootstrap(given: readonly string[], handlers: MeshHandlers, log: Log): DialTarget[] {
  try {
    return groupByPeer([...given, ...handlers.bootstrap()])
  } catch (error) {
    log('handler-failed', { event: 'bootstrap', error: messageOf(error) })
    return groupByPeer(given)
  }
}

/** Whoever connected once is not kept: strangers' ids cost nothing to make. */
function forget(libp2p: Libp2p, connection: Connection, reach: RelayedReach): void {
  const peer = parsePeerId(connection.remotePeer.toString())
  if (peer !== undefined) reach.forget(peer)
  libp2p.peerStore.delete(connection.remotePeer).catch(() => {
    // Best effort: it may not be there at all.
  })
}
