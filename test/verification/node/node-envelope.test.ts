import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, prefixed } from '../../../node/core/bytes.ts'
import { canonicalBytes } from '../../../node/core/canonical-json.ts'
import { utf8, utf8Decode } from '../../../node/core/encoding.ts'
import { maxNodeEnvelopeBytes } from '../../../node/core/limits.ts'
import { type NodeDomain, openEnvelope, sealEnvelope } from '../../../node/verification/node-envelope.ts'
import { ed25519PublicKey, ed25519Sign } from '../../../node/verification/node-keys.ts'
import { flipped, seedOf } from './builders.ts'

const seed = seedOf('answer')
const body = { v: 1, hello: 'world' }

/** An envelope of any shape, signed properly: what an attacker with a key of their own can make. */
function anEnvelope(
  payload: Uint8Array,
  changes: { domain?: string; type?: string; key?: Uint8Array } = {},
): Uint8Array {
  const { domain = 'mig-status', type = 'mig-status' } = changes
  const key = changes.key ?? concat([Uint8Array.of(8, 1, 18, 32), ed25519PublicKey(seed)])
  const signed = concat([prefixed(utf8(domain)), prefixed(utf8(type)), prefixed(payload)])
  const field = (tag: number, bytes: Uint8Array) => concat([Uint8Array.of(tag), prefixed(bytes)])
  return concat([
    field(0x0a, key),
    field(0x12, utf8(type)),
    field(0x1a, payload),
    field(0x2a, ed25519Sign(seed, signed)),
  ])
}

const faultOf = (wire: Uint8Array, domain: NodeDomain = 'mig-status') => {
  const opened = openEnvelope(domain, wire)
  return 'fault' in opened ? opened.fault : 'none'
}

test('opens what it sealed and says who signed', () => {
  expect(openEnvelope('mig-status', sealEnvelope('mig-status', body, seed))).toEqual({
    signer: ed25519PublicKey(seed),
    value: body,
  })
  expect(anEnvelope(canonicalBytes(body))).toEqual(sealEnvelope('mig-status', body, seed))
})

test('seals what libp2p opens, and opens what libp2p sealed', async () => {
  const opened = await RecordEnvelope.openAndCertify(sealEnvelope('mig-result', body, seed), 'mig-result')
  expect(utf8Decode(opened.payload.subarray())).toBe('{"hello":"world","v":1}')
  expect(opened.publicKey.raw).toEqual(ed25519PublicKey(seed))

  const record = {
    domain: 'mig-result',
    codec: utf8('mig-result'),
    marshal: () => canonicalBytes(body),
    equals: () => false,
  }
  const key = privateKeyFromRaw(concat([seed, ed25519PublicKey(seed)]))
  const theirs = (await RecordEnvelope.seal(record, key)).marshal()
  expect(theirs).toEqual(sealEnvelope('mig-result', body, seed))
})

test('refuses an RSA key, however well it signs (V81)', async () => {
  const record = {
    domain: 'mig-result',
    codec: utf8('mig-result'),
    marshal: () => canonicalBytes(body),
    equals: () => false,
  }
  for (const type of ['RSA', 'secp256k1'] as const) {
    const key = type === 'RSA' ? await generateKeyPair('RSA', 2048) : await generateKeyPair('secp256k1')
    const wire = (await RecordEnvelope.seal(record, key)).marshal()
    expect(faultOf(wire, 'mig-result')).toBe('bad-envelope')
  }
})

test('does not take a document of one domain for another (V77)', () => {
  expect(faultOf(sealEnvelope('mig-result', body, seed))).toBe('unsupported')
  expect(
    faultOf(anEnvelope(canonicalBytes(body), { type: 'libp2p-peer-record', domain: 'libp2p-peer-record' })),
  ).toBe('unsupported')
  // The right name on the outside does not help: the domain is part of what is signed.
  expect(faultOf(anEnvelope(canonicalBytes(body), { domain: 'libp2p-peer-record' }))).toBe('bad-envelope')
  expect(faultOf(anEnvelope(canonicalBytes(body), { domain: 'mig-result' }))).toBe('bad-envelope')
})

test('refuses every change of one bit', () => {
  const wire = sealEnvelope('mig-status', body, seed)
  for (let at = 0; at < wire.length; at++) {
    for (let bit = 0; bit < 8; bit++) expect(faultOf(flipped(wire, at, bit))).not.toBe('none')
  }
})

test('refuses every cut and everything appended', () => {
  const wire = sealEnvelope('mig-status', body, seed)
  for (let length = 0; length < wire.length; length++)
    expect(faultOf(wire.subarray(0, length))).toBe('not-decodable')
  expect(faultOf(concat([wire, Uint8Array.of(0)]))).toBe('not-decodable')
  // A field that protobuf would skip, and one that it would let the last of win.
  expect(faultOf(concat([wire, Uint8Array.of(0x32, 0)]))).toBe('not-decodable')
  expect(faultOf(concat([wire, Uint8Array.of(0x1a, 2, 0x7b, 0x7d)]))).toBe('not-decodable')
})

test.each([
  ['another key order', '{"v":1,"hello":"world"}', 'not-canonical'],
  ['blanks', '{"hello": "world"}', 'not-canonical'],
  ['a key twice', '{"a":1,"a":1}', 'not-canonical'],
  ['a dangerous key', '{"__proto__":1}', 'not-canonical'],
  ['a fraction', '{"a":1.5}', 'not-canonical'],
  ['null', '{"a":null}', 'not-canonical'],
  ['a lone surrogate', '{"a":"\\ud800"}', 'not-canonical'],
  ['deep nesting', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'not-canonical'],
  ['an array', '[]', 'not-decodable'],
  ['no JSON', 'hello', 'not-decodable'],
])('refuses a body with %s, validly signed', (_, text, fault) => {
  expect(faultOf(anEnvelope(utf8(text)))).toBe(fault)
})

test('refuses a body that is not UTF-8, validly signed', () => {
  expect(faultOf(anEnvelope(Uint8Array.of(0x7b, 0xff, 0x7d)))).toBe('not-decodable')
})

test('refuses by size before it looks', () => {
  // The length of a long payload takes two bytes more than that of a short one.
  const around = sealEnvelope('mig-status', { a: '' }, seed).length
  const wire = sealEnvelope('mig-status', { a: 'x'.repeat(maxNodeEnvelopeBytes - around - 2) }, seed)
  expect(wire.length).toBe(maxNodeEnvelopeBytes)
  expect(faultOf(wire)).toBe('none')
  expect(faultOf(concat([wire, Uint8Array.of(0)]))).toBe('too-large')
  expect(openEnvelope('mig-status', wire, 1000)).toEqual({ fault: 'too-large' })
})

test('throws for a body of our own that has no canonical form', () => {
  expect(() => sealEnvelope('mig-status', { a: 'line\nbreak' }, seed)).toThrow(TypeError)
})

test('never throws on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(openEnvelope('mig-status', bytes)).toHaveProperty('fault')
    }),
  )
})
