import fc from 'fast-check'
import type { PrivateKey } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import { equalBytes } from '../../../node/core/bytes.ts'
import { encodeEnvelope, preAuthEncoding } from '../../../node/core/envelope.ts'
import { readSignatureHeader } from '../../../node/verification/signature-packet.ts'
import type { TrustedPolicy } from '../../../node/verification/trusted-policy.ts'
import { verifyAction } from '../../../node/verification/verify-action.ts'
import { aFleet, aKey, anAction, aPerson, bodyOf, now, signBytes } from './pgp-kit.ts'

let policy: TrustedPolicy
let body: Uint8Array
let signature: Uint8Array
let wire: Uint8Array

beforeAll(async () => {
  const fleet = await aFleet()
  const alice: PrivateKey = await aKey('Alice')
  policy = await fleet.policy([aPerson('alice', alice)])
  body = bodyOf(anAction(policy))
  signature = await signBytes(preAuthEncoding('mig.action.v3', body), alice)
  wire = encodeEnvelope({ type: 'mig.action.v3', body, signatures: [signature] })
})

const verify = (bytes: Uint8Array) =>
  verifyAction(bytes, { fleet: policy.fleet, policy, now, heldSigners: () => undefined })

test('the unchanged bytes are accepted: the laws below say something', async () => {
  expect((await verify(wire)).kind).toBe('accept')
})

test('no change of one byte makes an action that its signer did not sign', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(wire.length - 1), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
      const changed = Uint8Array.from(wire)
      changed[position] = (changed[position] ?? 0) ^ flip
      const admission = await verify(changed)
      // Bytes of a signature that nobody signed (its header, its unsigned part) may differ; what was signed may not.
      if (admission.kind === 'accept') expect(equalBytes(admission.value.body, body)).toBe(true)
    }),
    { numRuns: 600 },
  )
})

test('no change of one byte of the body is ever accepted, nor a cut or an addition', async () => {
  const start = Buffer.from(wire).indexOf(Buffer.from(body))
  for (let position = start; position < start + body.length; position += 1) {
    const changed = Uint8Array.from(wire)
    changed[position] = (changed[position] ?? 0) ^ 0x01
    expect((await verify(changed)).kind, String(position)).not.toBe('accept')
  }
  for (let length = 0; length < wire.length; length += 7)
    expect((await verify(wire.subarray(0, length))).kind).not.toBe('accept')
  expect((await verify(Uint8Array.of(...wire, 0))).kind).toBe('reject')
})

test('reading the header of hostile bytes never throws and never reads beyond them', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readSignatureHeader(bytes)))
  fc.assert(
    fc.property(fc.nat(signature.length - 1), fc.nat(255), (position, value) => {
      const changed = Uint8Array.from(signature)
      changed[position] = value
      void readSignatureHeader(changed)
      expect(typeof readSignatureHeader(signature.subarray(0, position))).toBe('string')
    }),
  )
})
