import { type GossipsubOpts, StrictSign } from '@chainsafe/libp2p-gossipsub'
import { createPeerScoreParams, createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import type { Role } from '../core/certificate.ts'
import { maxGossipOutboundBytes } from '../core/limits.ts'

import { type Topic, topicName, topics } from './topics.ts'

/** Below this a peer is not listened to, and we hang up. */
export const graylistScore = -160

/** What a topic's messages count for. Deliveries are not scored: our traffic is sporadic. */
const topicWeight: Readonly<Record<Topic, number>> = { actions: 1, policy: 1, results: 0.5, presence: 0.5 }

export function gossipOptions(fleet: string, role: Role): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictSign,
    fallbackToFloodsub: false,
    floodPublish: true,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // All of them, also those we do not subscribe to: a publisher must learn who does.
    allowedTopics: topics.map((topic) => topicName(fleet, topic)),
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 1000,
      maxIhaveMessageIDs: 5000,
      maxIwantMessageIDs: 5000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 1000,
      maxPeerInfos: 16,
    },
    maxOutboundBufferSize: maxGossipOutboundBytes,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    // Each peer's messages are judged in turn; its stream waits meanwhile (see PacedReader).
    awaitRpcHandler: true,
    awaitRpcMessageHandler: true,
    seenTTL: 600_000,
    // Without it every duplicate costs an Ed25519 verification. Safe: it is remembered after the signature held.
    fastMsgIdFn: (message) => latin1(message.from) + latin1(message.seqno) + latin1(message.signature),
    ...degrees(role),
    scoreParams: createPeerScoreParams({
      topics: Object.fromEntries(
        topics.map((topic) => [topicName(fleet, topic), topicScore(topicWeight[topic])]),
      ),
      topicScoreCap: 20,
      // A NAT'd office, a loopback test or a relay's circuits share one address.
      IPColocationFactorWeight: 0,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.99,
      retainScore: 3_600_000,
    }),
    scoreThresholds: {
      gossipThreshold: -40,
      publishThreshold: -80,
      graylistThreshold: graylistScore,
      acceptPXThreshold: 50,
      opportunisticGraftThreshold: 1,
    },
  }
}

/** A hub's degree must be near the number of those it serves: with the default one a star delivers 65 %. */
function degrees(role: Role): Partial<GossipsubOpts> {
  return role === 'agent' ? { D: 6, Dlo: 4, Dhi: 12 } : { D: 500, Dlo: 250, Dhi: 5000, Dscore: 100, Dout: 2 }
}

function topicScore(weight: number) {
  return createTopicScoreParams({
    topicWeight: weight,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.1,
    firstMessageDeliveriesDecay: 0.99,
    firstMessageDeliveriesCap: 50,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    // Three rejected messages graylist; about 19 minutes until 3 % is left of it.
    invalidMessageDeliveriesWeight: -20,
    invalidMessageDeliveriesDecay: 0.997,
  })
}

function latin1(bytes: Uint8Array | undefined): string {
  return bytes === undefined
    ? ''
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
