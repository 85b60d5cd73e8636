import '../../node/core/first.ts'
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { streamProtocol } from '../../node/mesh/topics.ts'

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
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true, emitSelf: false }),
    },
  })
  running.push(libp2p)
  return { libp2p, gossip: libp2p.services.gossip }
}

export async function stopStrangers(): Promise<void> {
  await Promise.all(running.splice(0).map((libp2p) => libp2p.stop()))
}

/** Enrols a raw node by hand as whoever it claims to be; it is a member then, and still keeps no rule of ours. */
export async function enrolByHand(
  stranger: Stranger,
  address: string,
  claim: string,
  sole = false,
): Promise<Connection> {
  const connection = await stranger.libp2p.dial(multiaddr(address), { force: true })
  await enrolOn(connection, claim, sole)
  return connection
}

export async function enrolOn(connection: Connection, claim: string, sole = false): Promise<void> {
  const frames = lpStream(await connection.newStream(streamProtocol('testfleet', 'enrol')))
  await frames.write(Uint8Array.of(1, sole ? 1 : 0, ...new TextEncoder().encode(claim)))
  const verdict = (await frames.read()).subarray()
  if (verdict[0] !== 1) throw new Error(`refused: ${new TextDecoder().decode(verdict.subarray(1))}`)
  await frames.read()
  await frames.write(Uint8Array.of(1))
}
