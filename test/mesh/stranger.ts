import '../../node/core/promise-with-resolvers.ts'
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

export interface Stranger {
  readonly libp2p: Libp2p
  readonly gossip: GossipSub
}

const running: Libp2p[] = []

/** A raw libp2p node with a valid key that knows every protocol name and keeps no rule of ours. */
export async function startStranger(privateKey?: PrivateKey): Promise<Stranger> {
  const libp2p = await createLibp2p({
    privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true, emitSelf: false }),
    },
  })
  running.push(libp2p)
  return { libp2p, gossip: libp2p.services.gossip }
}

export async function stopStrangers(): Promise<void> {
  await Promise.all(running.splice(0).map((libp2p) => libp2p.stop()))
}
