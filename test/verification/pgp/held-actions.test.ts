import type { PrivateKey } from 'openpgp'
import { beforeAll, expect, test } from 'vitest'
import type { PersonName } from '../../../node/core/acl.ts'
import { decodeEnvelope, documentId, encodeEnvelope } from '../../../node/core/envelope.ts'
import type { TrustedPolicy } from '../../../node/verification/trusted-policy.ts'
import {
  mergeSignatures,
  type VerifiedAction,
  verifyAction,
} from '../../../node/verification/verify-action.ts'
import {
  accepted,
  aFleet,
  aKey,
  anAction,
  aPerson,
  bodyOf,
  type Fleet,
  now,
  verdictOf,
  wireOf,
} from './pgp-kit.ts'

let fleet: Fleet
let keys: PrivateKey[]
let policy: TrustedPolicy
const names = ['Alice', 'Bobby', 'Carol', 'Daria', 'Edgar', 'Fiona', 'Guido', 'Heidi', 'Ivana']

beforeAll(async () => {
  fleet = await aFleet()
  keys = await Promise.all(names.map((name) => aKey(name)))
  policy = await fleet.policy(keys.map((key, i) => aPerson(names[i] as string, key)))
})

const verify = (wire: Uint8Array, held?: Iterable<PersonName>) =>
  verifyAction(wire, {
    fleet: fleet.root.fleet,
    policy,
    now,
    heldSigners: () => (held === undefined ? undefined : new Set(held)),
  })
const signedBy = (...signers: number[]) =>
  wireOf(
    'mig.action.v3',
    anAction(policy),
    signers.map((i) => keys[i] as PrivateKey),
  )
const verifiedBy = async (...signers: number[]): Promise<VerifiedAction> =>
  accepted(await verify(await signedBy(...signers)))

test('V63 the same action again is held already', async () => {
  expect(verdictOf(await verify(await signedBy(0, 1), ['Alice', 'Bobby']))).toBe('ignore already-held')
  expect(verdictOf(await verify(await signedBy(0), ['Alice', 'Bobby']))).toBe('ignore already-held')
})

test('V64 the id is that of the body, whoever signed', async () => {
  const [one, other] = await Promise.all([verifiedBy(0), verifiedBy(1, 2)])
  expect(one.id).toBe(other.id)
  expect(one.id).toBe(documentId({ type: 'mig.action.v3', body: bodyOf(anAction(policy)) }))
})

test('V72 a copy with one signature does not hide the full one that comes later', async () => {
  const full = accepted(await verify(await signedBy(0, 1), ['Alice']))
  expect([...full.signers]).toEqual(['Alice', 'Bobby'])
})

test('a claimed new signer whose signature does not hold brings nothing new', async () => {
  const wire = decodeEnvelope(await signedBy(0, 1))
  if (typeof wire === 'string') throw new Error(wire)
  const [good, bad] = wire.signatures.map((signature) => Uint8Array.from(signature)) as [
    Uint8Array,
    Uint8Array,
  ]
  bad[bad.length - 5] = (bad[bad.length - 5] ?? 0) ^ 1
  expect(verdictOf(await verify(encodeEnvelope({ ...wire, signatures: [good, bad] }), ['Alice']))).toBe(
    'ignore already-held',
  )
})

test('what is kept is one verified signature a person and nothing else', async () => {
  const mallory = await aKey('Mallory')
  const wire = await wireOf('mig.action.v3', anAction(policy), [
    mallory,
    keys[0] as PrivateKey,
    keys[0] as PrivateKey,
    keys[1] as PrivateKey,
  ])
  const verified = accepted(await verify(wire))
  expect(verified.envelope.signatures).toHaveLength(2)
  expect([...accepted(await verify(encodeEnvelope(verified.envelope))).signers]).toEqual(['Alice', 'Bobby'])
})

test('two copies merge into the union, one signature a person', async () => {
  const merged = mergeSignatures(await verifiedBy(2, 0), await verifiedBy(0, 1))
  expect([...merged.signers].sort()).toEqual(['Alice', 'Bobby', 'Carol'])
  const again = accepted(await verify(encodeEnvelope(merged.envelope)))
  expect([...again.signers]).toEqual([...merged.signers])
  expect([...again.signingKeys]).toEqual([...merged.signingKeys])
})

test('the union stops at eight and keeps what it had', async () => {
  const merged = mergeSignatures(await verifiedBy(0, 1, 2, 3, 4, 5, 6), await verifiedBy(8, 7))
  expect([...merged.signers]).toEqual([
    'Alice',
    'Bobby',
    'Carol',
    'Daria',
    'Edgar',
    'Fiona',
    'Guido',
    'Ivana',
  ])
  expect(typeof decodeEnvelope(encodeEnvelope(merged.envelope))).toBe('object')
})

test('two different actions do not merge', async () => {
  const other = accepted(
    await verify(
      await wireOf('mig.action.v3', anAction(policy, { name: 'another' }), [keys[0] as PrivateKey]),
    ),
  )
  expect(() => mergeSignatures(other, other)).not.toThrow()
  const one = await verifiedBy(0)
  expect(() => mergeSignatures(one, other)).toThrow(RangeError)
})
