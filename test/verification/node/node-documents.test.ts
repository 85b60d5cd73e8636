import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../../node/core/bytes.ts'
import { base64UrlEncode } from '../../../node/core/encoding.ts'
import { formatInstant } from '../../../node/core/instant.ts'
import { type ReceiptBody, resultHash, type StatusBody } from '../../../node/core/result.ts'
import {
  decodeWithCertificate,
  encodeWithCertificate,
  verifyHeartbeat,
  verifyReceipt,
  verifyResult,
  verifyStatus,
} from '../../../node/verification/node-documents.ts'
import { sealEnvelope } from '../../../node/verification/node-envelope.ts'
import { ed25519PublicKey, x25519PublicKey } from '../../../node/verification/node-keys.ts'
import {
  accepted,
  actionId,
  aHeartbeatBody,
  aMember,
  anOuter,
  aResultWire,
  codeOf,
  fleet,
  flipped,
  keysOf,
  nodeContext,
  now,
  otherFleet,
  replySeed,
  seedOf,
} from './builders.ts'

const replyKey = x25519PublicKey(replySeed)
const answerSeed = seedOf('web1 answer')

const aStatusBody = (changes: Partial<StatusBody> = {}): StatusBody => ({
  v: 1,
  fleet,
  actionid: actionId,
  peerid: keysOf('web1').peerId,
  serial: 1,
  seq: 1,
  status: 'refused',
  reason: 'weight 2 of 3 for module file',
  signers: ['A'.repeat(40)],
  at: formatInstant(now),
  ...changes,
})

const aReceiptBody = (collector: string, changes: Partial<ReceiptBody> = {}): ReceiptBody => ({
  v: 1,
  fleet,
  actionid: actionId,
  peerid: keysOf('web1').peerId,
  result: `${'r'.repeat(51)}a`,
  collector: keysOf(collector).peerId,
  at: formatInstant(now),
  ...changes,
})

test('takes a result under the certified answer key', async () => {
  const wire = aResultWire('web1', replyKey)
  const { result, hash } = accepted(verifyResult(wire, nodeContext(await aMember('web1'))))
  expect(result.peerid).toBe(keysOf('web1').peerId)
  expect(hash).toBe(resultHash(wire))
})

test('ignores a result of a peer without certificate, however valid its key (V76)', () => {
  expect(codeOf(verifyResult(aResultWire('web1', replyKey), nodeContext()))).toBe('ignore not-a-member')
})

test('ignores a result under any key but the certified one', async () => {
  const context = nodeContext(await aMember('web1'), await aMember('web2'))
  // Not even the peer key: it lives in the process that faces the network.
  for (const name of ['web1 peer', 'web2 answer', 'stranger']) {
    const wire = aResultWire('web1', replyKey, { answerSeed: seedOf(name) })
    expect(codeOf(verifyResult(wire, context))).toBe('ignore unknown-signer')
  }
})

test('ignores a result under another serial than the one held', async () => {
  const context = nodeContext(await aMember('web1', 'agent', { serial: 2 }))
  const judge = (serial: number) =>
    codeOf(verifyResult(aResultWire('web1', replyKey, { outer: anOuter('web1', { serial }) }), context))
  expect([1, 2, 3].map(judge)).toEqual(['ignore older', 'accept', 'ignore unknown-signer'])
})

test('rejects a result of another fleet', async () => {
  const outer = anOuter('web1', { fleet: otherFleet })
  const context = nodeContext(await aMember('web1'))
  expect(codeOf(verifyResult(aResultWire('web1', replyKey, { outer }), context))).toBe('reject wrong-fleet')
})

test('ignores a sealed part of a size that no summary has: it would tell who matched', async () => {
  const context = nodeContext(await aMember('web1'))
  const judge = (sizeBytes: number) =>
    codeOf(verifyResult(aResultWire('web1', replyKey, { sizeBytes }), context))
  expect([4095, 4096, 4097, 16_384, 32_768].map(judge)).toEqual([
    'ignore bad-schema',
    'accept',
    'ignore bad-schema',
    'accept',
    'accept',
  ])
  const wire = sealEnvelope(
    'mig-result',
    { ...anOuter('web1'), sealed: `${base64UrlEncode(new Uint8Array(4144))}x` },
    answerSeed,
  )
  expect(codeOf(verifyResult(wire, context))).toBe('ignore bad-schema')
})

test('rejects every change of a bit of a result', async () => {
  const context = nodeContext(await aMember('web1'))
  const wire = aResultWire('web1', replyKey)
  for (let at = 0; at < wire.length; at += at < 400 ? 1 : 7) {
    expect(verifyResult(flipped(wire, at, at % 8), context).kind, `byte ${at}`).not.toBe('accept')
  }
})

test('takes no status for a result and no result for a status', async () => {
  const context = nodeContext(await aMember('web1'))
  expect(codeOf(verifyResult(sealEnvelope('mig-status', aStatusBody(), answerSeed), context))).toBe(
    'ignore unsupported',
  )
  expect(codeOf(verifyStatus(aResultWire('web1', replyKey), context))).toBe('ignore unsupported')
  expect(codeOf(verifyStatus(sealEnvelope('mig-status', anOuter('web1'), answerSeed), context))).toBe(
    'ignore bad-schema',
  )
  expect(codeOf(verifyStatus(new Uint8Array(3), context))).toBe('reject not-decodable')
})

test('takes a status under the certified answer key only', async () => {
  const context = nodeContext(await aMember('web1'))
  const wire = sealEnvelope('mig-status', aStatusBody(), answerSeed)
  expect(accepted(verifyStatus(wire, context)).status.reason).toBe('weight 2 of 3 for module file')
  expect(codeOf(verifyStatus(sealEnvelope('mig-status', aStatusBody(), seedOf('web1 peer')), context))).toBe(
    'ignore unknown-signer',
  )
  expect(codeOf(verifyStatus(wire, nodeContext()))).toBe('ignore not-a-member')
})

test('takes the answers of a node without a gate under its peer key', async () => {
  const answerkey = base64UrlEncode(ed25519PublicKey(seedOf('hub peer')))
  const context = nodeContext(await aMember('hub', 'investigator', { answerkey }))
  const wire = sealEnvelope('mig-receipt', aReceiptBody('hub'), seedOf('hub peer'))
  expect(accepted(verifyReceipt(wire, context)).receipt.collector).toBe(keysOf('hub').peerId)
})

test('takes receipts of collectors only (V82)', async () => {
  const context = nodeContext(
    await aMember('relay1', 'relay'),
    await aMember('hub', 'investigator'),
    await aMember('web2', 'agent'),
  )
  const judge = (collector: string, signer = collector) =>
    codeOf(
      verifyReceipt(
        sealEnvelope('mig-receipt', aReceiptBody(collector), seedOf(`${signer} answer`)),
        context,
      ),
    )
  expect(judge('relay1')).toBe('accept')
  expect(judge('hub')).toBe('accept')
  expect(judge('web2')).toBe('ignore wrong-role')
  expect(judge('stranger')).toBe('ignore not-a-member')
  // An agent that signs in a collector's name.
  expect(judge('hub', 'web2')).toBe('ignore unknown-signer')
})

test('takes heartbeats in their order (V83)', async () => {
  const context = nodeContext(await aMember('web1'))
  const judge = (boot: number, seq: number) => {
    const wire = sealEnvelope('mig-heartbeat', aHeartbeatBody('web1', { boot, seq }), answerSeed)
    return codeOf(verifyHeartbeat(wire, { ...context, last: () => ({ boot: 2, seq: 5 }) }))
  }
  expect(judge(2, 6)).toBe('accept')
  expect(judge(3, 0)).toBe('accept')
  expect(judge(2, 5)).toBe('ignore older')
  expect(judge(2, 4)).toBe('ignore older')
  expect(judge(1, 9)).toBe('ignore older')
  const first = sealEnvelope('mig-heartbeat', aHeartbeatBody('web1'), answerSeed)
  expect(accepted(verifyHeartbeat(first, context)).heartbeat.environment.os).toBe('linux')
})

test('holds heartbeats to their own size', async () => {
  const context = nodeContext(await aMember('web1'))
  const addresses = Array(64).fill('x'.repeat(256))
  const body = aHeartbeatBody('web1')
  const wire = sealEnvelope(
    'mig-heartbeat',
    { ...body, environment: { ...body.environment, addresses } },
    answerSeed,
  )
  expect(codeOf(verifyHeartbeat(wire, context))).toBe('reject too-large')
})

test('carries a certificate beside what it certifies', async () => {
  const { wire: certificate } = await aMember('web1')
  const wire = aResultWire('web1', replyKey)
  expect(decodeWithCertificate(encodeWithCertificate(certificate, wire))).toEqual({
    certificateWire: certificate,
    envelopeWire: wire,
  })
  expect(decodeWithCertificate(encodeWithCertificate(undefined, wire))).toEqual({
    certificateWire: undefined,
    envelopeWire: wire,
  })
})

test('reads no pair that is cut, longer than it says or too large', async () => {
  const { wire: certificate } = await aMember('web1')
  const pair = encodeWithCertificate(certificate, aResultWire('web1', replyKey))
  for (let length = 0; length < pair.length; length++)
    expect(decodeWithCertificate(pair.subarray(0, length))).toBeUndefined()
  expect(decodeWithCertificate(concat([pair, Uint8Array.of(0)]))).toBeUndefined()
  expect(decodeWithCertificate(encodeWithCertificate(certificate, new Uint8Array(0)))).toBeUndefined()
  expect(decodeWithCertificate(pair, pair.length)).toBeDefined()
  expect(decodeWithCertificate(pair, pair.length - 1)).toBeUndefined()
  expect(decodeWithCertificate(encodeWithCertificate(undefined, new Uint8Array(65_536)))).toBeDefined()
  expect(decodeWithCertificate(encodeWithCertificate(undefined, new Uint8Array(65_537)))).toBeUndefined()
})

test('throws for no bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      decodeWithCertificate(bytes)
      for (const verify of [verifyResult, verifyStatus, verifyHeartbeat, verifyReceipt]) {
        expect(verify(bytes, nodeContext()).kind).toBe('reject')
      }
    }),
  )
})
