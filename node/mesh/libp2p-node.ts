import '../core/first.ts'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { GossipSub, GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey, Upgrader } from '@libp2p/interface'
import { memory } from '@libp2p/memory'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import {
  maxConnectionsAgent,
  maxConnectionsInvestigator,
  maxConnectionsPerSecondPerAddress,
  maxConnectionsRelay,
  maxMuxedStreams,
  maxStrangersOther,
  maxStrangersRelay,
  maxStreamWindowBytes,
} from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import type { Probe } from '../core/probe.ts'
import { circuitTransport } from './circuit-transport.ts'
import type { MeshOptions } from './mesh.ts'
import { meterGossip, meterLibp2p } from './metering.ts'
import { outwardTransports } from './outward.ts'
import { silentLogger } from './silent-logger.ts'
import { watchedYamux } from './watched-yamux.ts'

export interface Libp2pNode {
  readonly libp2p: Libp2p
  /** What it listens on now, without the peer id. */
  readonly listening: () => readonly Multiaddr[]
  /** Dials exactly this address, beside whatever else is being dialled: libp2p's own dial joins those of one peer. */
  readonly dialAddress: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Makes connections of sockets that libp2p has not opened itself. */
  readonly upgrader: Upgrader
  /** Dials an address until the peer that it names has proved itself there; no connection comes of it. */
  readonly probe: (address: Multiaddr, signal: AbortSignal) => Promise<void>
}

/** The part of libp2p's transport manager that we use (`@libp2p/interface-internal` is no dependency of ours). */
interface Transports {
  getAddrs(): Multiaddr[]
  dial(address: Multiaddr, options: { signal: AbortSignal }): Promise<Connection>
}

/** A libp2p node that is not started yet: TCP and circuits (or memory), Noise, yamux, identify and gossip; nothing else. */
export async function createLibp2pNode(
  options: Pick<
    MeshOptions,
    'peerKeySeed' | 'role' | 'listen' | 'announce' | 'transport' | 'isCut' | 'proxy' | 'tls'
  >,
  ports: {
    clock: Clock
    gossip: (components: GossipSubComponents) => GossipSub
    strangerCount: () => number
    /** Resolves once a connection is judged. */
    permit: (connection: Connection) => Promise<boolean>
    /** Whether this node has asked a relay to send circuits to it. */
    isReservedAt: (relay: PeerId) => boolean
    probe?: Probe | undefined
  },
): Promise<Libp2pNode> {
  const { role } = options
  const { probe } = ports
  const privateKey = peerKey(options.peerKeySeed)
  const maxStrangers = role === 'relay' ? maxStrangersRelay : maxStrangersOther
  const isForeign = (peer: { toString(): string }) => {
    const id = parsePeerId(peer.toString())
    return id === undefined || options.isCut?.(id) === true
  }
  let transports: Transports | undefined
  let upgrader: Upgrader | undefined
  const probing = new Set<string>()
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    logger: silentLogger,
    ...(probe === undefined ? {} : { metrics: () => meterLibp2p(probe) }),
    nodeInfo: { name: 'mig-mesh', version: '0', userAgent: 'mig-mesh' },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports:
      options.transport === 'tcp'
        ? [...outwardTransports(options, ports.clock), circuitTransport(ports.permit)]
        : [memory()],
    connectionEncrypters: [noise()],
    // The window is what may arrive for a stream that nobody reads: it must stay below libp2p's read buffer of 4 MiB,
    // at which the stream is reset; yamux alone lets it grow to 16 MiB.
    streamMuxers: [
      watchedYamux(
        {
          maxInboundStreams: maxMuxedStreams,
          streamOptions: { maxStreamWindowSize: maxStreamWindowBytes },
        },
        ports.clock,
      ),
    ],
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundConnection: () => ports.strangerCount() >= maxStrangers,
      denyInboundEncryptedConnection: isForeign,
      // A probe has learnt all that it wants when the peer has proved itself.
      denyOutboundEncryptedConnection: (peer, { remoteAddr }) =>
        isForeign(peer) || probing.has(remoteAddr.toString()),
      denyInboundRelayedConnection: (relay, peer) => {
        const id = parsePeerId(relay.toString())
        return id === undefined || !ports.isReservedAt(id) || isForeign(peer)
      },
    },
    connectionManager: {
      maxConnections: maxConnections[role],
      inboundConnectionThreshold: maxConnectionsPerSecondPerAddress,
      maxIncomingPendingConnections: maxStrangers,
    },
    // watchedYamux does what it would do, for less.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      gossip: (components: GossipSubComponents) =>
        ports.gossip(probe === undefined ? components : meterGossip(components, probe)),
      listening: (components: { transportManager: Transports; upgrader: Upgrader }) => {
        transports = components.transportManager
        upgrader = components.upgrader
        return {}
      },
    },
  })
  if (upgrader === undefined) throw new MigError('internal', 'libp2p has made no upgrader')
  const dialAddress = async (address: Multiaddr, signal: AbortSignal) => {
    if (transports === undefined) throw new Error('libp2p has no transports yet')
    return transports.dial(address, { signal })
  }
  return {
    libp2p,
    listening: () => transports?.getAddrs() ?? [],
    dialAddress,
    upgrader,
    async probe(address, signal) {
      const text = address.toString()
      probing.add(text)
      try {
        const connection = await dialAddress(address, signal)
        connection.abort(new Error('only a probe'))
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ConnectionInterceptedError') throw error
      } finally {
        probing.delete(text)
      }
    },
  }
}

const maxConnections: Readonly<Record<Role, number>> = {
  relay: maxConnectionsRelay,
  investigator: maxConnectionsInvestigator,
  agent: maxConnectionsAgent,
}

/** libp2p computes the public key in JavaScript: 70 ms of processor time at every start.
 *  @param seed 32 bytes
 *  @see RFC 8410, section 7 */
function peerKey(seed: Uint8Array): PrivateKey {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const { x = '' } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  })
  return privateKeyFromRaw(Buffer.concat([seed, Buffer.from(x, 'base64url')]))
}
