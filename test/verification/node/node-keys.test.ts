import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexEncode, utf8 } from '../../../node/core/encoding.ts'
import {
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  gateKeysOf,
  generateSeed,
  nodeKeysOf,
  x25519PublicKey,
} from '../../../node/verification/node-keys.ts'
import { flipped, hex, seedOf } from './builders.ts'

test('signs as RFC 8032 7.1 test 3 says', () => {
  const seed = hex('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7')
  const message = hex('af82')
  const signature = ed25519Sign(seed, message)
  expect(hexEncode(ed25519PublicKey(seed))).toBe(
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  )
  expect(hexEncode(signature)).toBe(
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  )
  expect(ed25519Verify(ed25519PublicKey(seed), message, signature)).toBe(true)
})

test('derives public X25519 keys as RFC 7748 6.1 says', () => {
  const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
  expect(hexEncode(x25519PublicKey(alice))).toBe(
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  )
})

test('agrees with another implementation on keys, signatures and verdicts', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 200 }),
      (seed, message) => {
        expect(ed25519PublicKey(seed)).toEqual(ed25519.getPublicKey(seed))
        expect(ed25519Sign(seed, message)).toEqual(ed25519.sign(message, seed))
      },
    ),
    { numRuns: 20 },
  )
})

test('refuses a signature with any bit of it, of the message or of the key changed', () => {
  const seed = seedOf('signer')
  const key = ed25519PublicKey(seed)
  const message = utf8('a message')
  const signature = ed25519Sign(seed, message)
  for (let bit = 0; bit < 8; bit++) {
    for (let at = 0; at < 64; at++)
      expect(ed25519Verify(key, message, flipped(signature, at, bit))).toBe(false)
    for (let at = 0; at < 32; at++)
      expect(ed25519Verify(flipped(key, at, bit), message, signature)).toBe(false)
    for (let at = 0; at < 9; at++)
      expect(ed25519Verify(key, flipped(message, at, bit), signature)).toBe(false)
  }
})

test('refuses a second spelling of a good signature', () => {
  const seed = seedOf('signer')
  const message = utf8('a message')
  const signature = ed25519Sign(seed, message)
  // S + L verifies where nobody checks that S < L.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  let s = order
  for (let i = 0; i < 32; i++) s += BigInt(signature[32 + i] as number) << BigInt(8 * i)
  const other = Uint8Array.from(signature)
  for (let i = 0; i < 32; i++) other[32 + i] = Number((s >> BigInt(8 * i)) & 255n)
  expect(ed25519Verify(ed25519PublicKey(seed), message, other)).toBe(false)
})

test('refuses every key of small order, under which anybody can sign', () => {
  // R = identity and S = 0 fits every eighth message or more under such a key.
  const forged = new Uint8Array(64)
  forged[0] = 1
  for (const key of smallOrderKeys()) {
    for (let i = 0; i < 64; i++) expect(ed25519Verify(key, utf8(`message ${i}`), forged)).toBe(false)
  }
})

/** All spellings of the eight torsion points, found by adding up one of order 8 with another library. */
function smallOrderKeys(): readonly Uint8Array[] {
  const p = 2n ** 255n - 19n
  const generator = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const ys = new Set<bigint>()
  let point = generator
  for (let i = 0; i < 8; i++) {
    ys.add(point.toAffine().y)
    if (point.toAffine().y + p < 2n ** 255n) ys.add(point.toAffine().y + p)
    point = point.add(generator)
  }
  expect(ys.size).toBe(7)
  return [...ys].flatMap((y) =>
    [0, 0x80].map((sign) =>
      Uint8Array.from({ length: 32 }, (_, i) => Number((y >> BigInt(8 * i)) & 255n) | (i === 31 ? sign : 0)),
    ),
  )
}

test('takes keys and signatures of the right length only', () => {
  const seed = seedOf('signer')
  const signature = ed25519Sign(seed, utf8('m'))
  expect(ed25519Verify(ed25519PublicKey(seed).subarray(1), utf8('m'), signature)).toBe(false)
  expect(ed25519Verify(ed25519PublicKey(seed), utf8('m'), signature.subarray(1))).toBe(false)
  expect(() => ed25519PublicKey(seed.subarray(1))).toThrow(RangeError)
  expect(() => generateSeed({ bytes: () => new Uint8Array(31), fraction: () => 0 })).toThrow(RangeError)
})

test('does not go on with the old key when a buffer is filled anew', () => {
  const buffer = Uint8Array.from(seedOf('first'))
  const before = ed25519PublicKey(buffer)
  buffer.set(seedOf('second'))
  expect(ed25519PublicKey(buffer)).not.toEqual(before)
  expect(ed25519PublicKey(buffer)).toEqual(ed25519PublicKey(seedOf('second')))
})

test('keeps verifying when more strangers than the cache holds have signed', () => {
  const message = utf8('m')
  const seeds = Array.from({ length: 50 }, (_, i) => seedOf(`stranger ${i}`))
  for (const seed of [...seeds, ...seeds]) {
    expect(ed25519Verify(ed25519PublicKey(seed), message, ed25519Sign(seed, message))).toBe(true)
  }
})

test('gathers what each process holds', () => {
  const node = nodeKeysOf(seedOf('peer'))
  expect(node.peerId).toMatch(/^12D3KooW/)
  const gate = gateKeysOf(seedOf('answer'), seedOf('sealing'))
  expect(gate.answerKey).toEqual(ed25519PublicKey(seedOf('answer')))
  expect(gate.sealingKey).toEqual(x25519PublicKey(seedOf('sealing')))
})
