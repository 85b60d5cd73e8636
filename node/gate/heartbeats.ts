import { equalBytes } from '../core/bytes.ts'
import { type HeartbeatBody, parseHeartbeatBody } from '../core/heartbeat.ts'
import type { PeerId } from '../core/peer-id.ts'
import { decodeWithCertificate, encodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope, sealEnvelope } from '../verification/node-envelope.ts'
import { ed25519PublicKey } from '../verification/node-keys.ts'
import type { Beat } from './rollback-guard.ts'

/** Signs this agent's heartbeats, and knows its own again. */
export interface HeartbeatWriter {
  write(beat: Beat, facts: Facts): Uint8Array
  /** The number of a heartbeat that this agent's own key has signed; undefined for every other bytes. */
  numberOf(wire: Uint8Array): Beat | undefined
}

type Facts = Omit<HeartbeatBody, 'v' | 'fleet' | 'peerid' | 'serial' | 'boot' | 'seq'>

export function createHeartbeatWriter(identity: {
  readonly fleet: string
  readonly peer: PeerId
  readonly serial: number
  readonly answerSeed: Uint8Array
  readonly certificateWire: Uint8Array
}): HeartbeatWriter {
  const { fleet, peer, serial, answerSeed, certificateWire } = identity
  const answerKey = ed25519PublicKey(answerSeed)
  return {
    write({ boot, seq }, facts) {
      const body: HeartbeatBody = { v: 1, fleet, peerid: peer, serial, boot, seq, ...facts }
      return encodeWithCertificate(certificateWire, sealEnvelope('mig-heartbeat', body, answerSeed))
    },
    numberOf(wire) {
      const envelope = decodeWithCertificate(wire)?.envelopeWire
      const opened = envelope === undefined ? undefined : openEnvelope('mig-heartbeat', envelope)
      if (opened === undefined || !('value' in opened) || !equalBytes(opened.signer, answerKey))
        return undefined
      const heartbeat = parseHeartbeatBody(opened.value)
      if (typeof heartbeat === 'string') return undefined
      const isOwn = heartbeat.fleet === fleet && heartbeat.peerid === peer && heartbeat.serial === serial
      return isOwn ? { boot: heartbeat.boot, seq: heartbeat.seq } : undefined
    },
  }
}
