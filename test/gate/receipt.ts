import { formatInstant, parseInstant } from '../../node/core/instant.ts'
import { resultHash } from '../../node/core/result.ts'
import type { OutboxEntry } from '../../node/gate/gate.ts'
import { decodeWithCertificate } from '../../node/verification/node-documents.ts'
import { openEnvelope, sealEnvelope } from '../../node/verification/node-envelope.ts'
import { nodeKeysOf } from '../../node/verification/node-keys.ts'

/** The node that asks; its receipts clear the outbox. */
export const originKeys = nodeKeysOf(new Uint8Array(32).fill(9))

/** What a collector says when it holds a result. */
export function aReceipt(
  entry: OutboxEntry,
  change: { readonly collector?: string; readonly seed?: Uint8Array; readonly result?: string } = {},
): Uint8Array {
  const { fleet, peerid, endedat } = bodyOfAnswer(entry)
  const body = {
    v: 1,
    fleet,
    actionid: entry.actionId,
    peerid,
    result: change.result ?? resultHash(envelopeOf(entry)),
    collector: change.collector ?? originKeys.peerId,
    at: formatInstant(parseInstant(String(endedat)) ?? (0 as never)),
  }
  return sealEnvelope('mig-receipt', body, change.seed ?? originKeys.peerSeed)
}

/** The public part of a result or a status. */
export function bodyOfAnswer(entry: OutboxEntry): Record<string, unknown> {
  const opened = openEnvelope(entry.kind === 'result' ? 'mig-result' : 'mig-status', envelopeOf(entry))
  if (!('value' in opened)) throw new Error(opened.fault)
  return opened.value
}

export function envelopeOf(entry: OutboxEntry): Uint8Array {
  return decodeWithCertificate(entry.wire)?.envelopeWire ?? new Uint8Array(0)
}
