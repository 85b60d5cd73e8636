import '../core/promise-with-resolvers.ts'
import type { GossipSub, GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Role } from '../core/certificate.ts'
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
import { parsePeerId } from '../core/peer-id.ts'
import type { MeshOptions } from './mesh.ts'

export interface Libp2pNode {
  readonly libp2p: Libp2p
  /** What it listens on now, without the peer id. */
  readonly listening: () => readonly Multiaddr[]
}

/** A libp2p node that is not started yet: TCP (or memory), Noise, yamux, identify, ping and gossip; nothing else. */
export async function createLibp2pNode(
  options: Pick<MeshOptions, 'peerKeySeed' | 'role' | 'listen' | 'announce' | 'transport'>,
  ports: {
    gossip: (components: GossipSubComponents) => GossipSub
    strangerCount: () => number
  },
): Promise<Libp2pNode> {
  const { role } = options
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.peerKeySeed)
  const maxStrangers = role === 'relay' ? maxStrangersRelay : maxStrangersOther
  const isForeign = (peer: { toString(): string }) => parsePeerId(peer.toString()) === undefined
  let transports: { getAddrs(): Multiaddr[] } | undefined
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { name: 'mig-mesh', version: '0', userAgent: 'mig-mesh' },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [options.transport === 'tcp' ? tcp() : memory()],
    connectionEncrypters: [noise()],
    // The window is what may arrive for a stream that nobody reads: it must stay below libp2p's read buffer of 4 MiB,
    // at which the stream is reset; yamux alone lets it grow to 16 MiB.
    streamMuxers: [
      yamux({
        maxInboundStreams: maxMuxedStreams,
        streamOptions: { maxStreamWindowSize: maxStreamWindowBytes },
      }),
    ],
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundConnection: () => ports.strangerCount() >= maxStrangers,
      denyInboundEncryptedConnection: isForeign,
      denyOutboundEncryptedConnection: isForeign,
    },
    connectionManager: {
      maxConnections: maxConnections[role],
      inboundConnectionThreshold: maxConnectionsPerSecondPerAddress,
      maxIncomingPendingConnections: maxStrangers,
    },
    // Pings are most of an idle node's work; 20 s still notices a dead link within half a minute.
    connectionMonitor: { pingInterval: 20_000 },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: ports.gossip,
      listening: (components: { transportManager: { getAddrs(): Multiaddr[] } }) => {
        transports = components.transportManager
        return {}
      },
    },
  })
  return { libp2p, listening: () => transports?.getAddrs() ?? [] }
}

const maxConnections: Readonly<Record<Role, number>> = {
  relay: maxConnectionsRelay,
  investigator: maxConnectionsInvestigator,
  agent: maxConnectionsAgent,
}
