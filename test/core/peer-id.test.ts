import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromPublicKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base58Decode, base58Encode } from '../../node/core/encoding.ts'
import { parsePeerId, peerIdOf, publicKeyOf } from '../../node/core/peer-id.ts'

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('prints a key as libp2p prints it', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(peerIdOf(key)).toBe(peerIdFromPublicKey(publicKeyFromRaw(key)).toString())
    }),
    { numRuns: 50 },
  )
})

test('gives the key back, and takes one spelling of a key only', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      const id = peerIdOf(key)
      expect(publicKeyOf(id)).toEqual(key)
      expect(parsePeerId(id)).toBe(id)
      expect(id).toHaveLength(52)
      expect(id.startsWith('12D3KooW')).toBe(true)
    }),
  )
})

test('takes no id whose key does not stand inside it (V81)', async () => {
  for (const key of [await generateKeyPair('RSA', 2048), await generateKeyPair('secp256k1')]) {
    expect(parsePeerId(peerIdFromPrivateKey(key).toString())).toBeUndefined()
  }
})

test('takes nothing else of the same length', () => {
  const id = peerIdOf(new Uint8Array(32).fill(9))
  const bytes = base58Decode(id) as Uint8Array
  for (let at = 0; at < 6; at++) {
    const other = Uint8Array.from(bytes)
    other[at] = (other[at] as number) ^ 1
    expect(parsePeerId(base58Encode(other))).toBeUndefined()
  }
  for (const text of [
    '',
    'x',
    id.slice(1),
    `${id}1`,
    `1${id.slice(1)}`.padEnd(53, '1'),
    id.replace('K', '0'),
    ` ${id.slice(1)}`,
  ]) {
    expect(parsePeerId(text)).toBeUndefined()
  }
})

test('makes no id of anything but 32 bytes', () => {
  expect(() => peerIdOf(new Uint8Array(31))).toThrow(RangeError)
  expect(() => peerIdOf(new Uint8Array(33))).toThrow(RangeError)
})
