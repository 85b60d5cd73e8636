import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexEncode, utf8 } from '../../../node/core/encoding.ts'
import { hpkeOpen, hpkeOverheadBytes, hpkeSeal, isSealable } from '../../../node/verification/hpke.ts'
import { x25519PublicKey } from '../../../node/verification/node-keys.ts'
import { flipped, hex, seedOf } from './builders.ts'

// RFC 9180 A.2.1.1: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, sequence number 0.
const vector = {
  skE: hex('f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600'),
  skR: hex('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  pkR: hex('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  aad: hex('436f756e742d30'),
  plaintext: hex('4265617574792069732074727574682c20747275746820626561757479'),
  enc: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
  ciphertext: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
}

test('seals and opens the vector of RFC 9180 A.2.1', () => {
  const sealed = hpkeSeal(vector.pkR, vector.info, vector.aad, vector.plaintext, vector.skE)
  expect(hexEncode(sealed)).toBe(vector.enc + vector.ciphertext)
  expect(hpkeOpen(vector.skR, vector.info, vector.aad, sealed)).toEqual(vector.plaintext)
  expect(x25519PublicKey(vector.skR)).toEqual(vector.pkR)
})

const seed = seedOf('recipient')
const key = x25519PublicKey(seed)
const info = utf8('info')
const aad = utf8('aad')

/** The cipher from a third library, in the shape that @hpke/core asks for. */
const chacha = {
  id: 3 as const,
  keySize: 32,
  nonceSize: 12,
  tagSize: 16,
  createEncryptionContext: (key: ArrayBuffer) => {
    const cipher = (iv: ArrayBuffer, extra: ArrayBuffer) =>
      chacha20poly1305(new Uint8Array(key), new Uint8Array(iv), new Uint8Array(extra))
    return {
      seal: async (iv: ArrayBuffer, data: ArrayBuffer, extra: ArrayBuffer) =>
        Uint8Array.from(cipher(iv, extra).encrypt(new Uint8Array(data))).buffer,
      open: async (iv: ArrayBuffer, data: ArrayBuffer, extra: ArrayBuffer) =>
        Uint8Array.from(cipher(iv, extra).decrypt(new Uint8Array(data))).buffer,
    }
  },
}

test('opens what another implementation sealed, and the other way round', async () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: chacha,
  })
  const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer
  const publicKey = await suite.kem.deserializePublicKey(buffer(key))
  const privateKey = await suite.kem.deserializePrivateKey(buffer(seed))
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 100 }),
      async (plaintext, someInfo, someAad) => {
        const theirs = await suite.seal(
          { recipientPublicKey: publicKey, info: buffer(someInfo) },
          buffer(plaintext),
          buffer(someAad),
        )
        const joined = Buffer.concat([new Uint8Array(theirs.enc), new Uint8Array(theirs.ct)])
        expect(hpkeOpen(seed, someInfo, someAad, joined)).toEqual(plaintext)
        const ours = hpkeSeal(key, someInfo, someAad, plaintext)
        const opened = await suite.open(
          { recipientKey: privateKey, enc: buffer(ours.subarray(0, 32)), info: buffer(someInfo) },
          buffer(ours.subarray(32)),
          buffer(someAad),
        )
        expect(new Uint8Array(opened)).toEqual(plaintext)
      },
    ),
    { numRuns: 20 },
  )
})

test('adds the same number of bytes to every message', () => {
  for (const length of [0, 1, 4096]) {
    expect(hpkeSeal(key, info, aad, new Uint8Array(length))).toHaveLength(length + hpkeOverheadBytes)
  }
})

test('never seals twice to the same bytes', () => {
  expect(hpkeSeal(key, info, aad, utf8('m'))).not.toEqual(hpkeSeal(key, info, aad, utf8('m')))
})

test('opens only for the right key, info and aad', () => {
  const sealed = hpkeSeal(key, info, aad, utf8('m'))
  expect(hpkeOpen(seed, info, aad, sealed)).toEqual(utf8('m'))
  expect(hpkeOpen(seedOf('other'), info, aad, sealed)).toBeUndefined()
  expect(hpkeOpen(seed, utf8('other'), aad, sealed)).toBeUndefined()
  expect(hpkeOpen(seed, info, utf8('other'), sealed)).toBeUndefined()
})

test('refuses every change of one bit, and every cut', () => {
  const sealed = hpkeSeal(key, info, aad, utf8('a message'))
  for (let at = 0; at < sealed.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      expect(hpkeOpen(seed, info, aad, flipped(sealed, at, bit)), `bit ${bit} of ${at}`).toBeUndefined()
    }
    expect(hpkeOpen(seed, info, aad, sealed.subarray(0, at))).toBeUndefined()
  }
})

// u coordinates of the points of small order (RFC 7748 6.1; the list of Bernstein's "may the fourth" page).
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hex)

test('neither seals to nor opens from a point of small order, whose secret everybody knows', () => {
  const sealed = hpkeSeal(key, info, aad, utf8('m'))
  for (const point of smallOrder) {
    expect(isSealable(point)).toBe(false)
    expect(() => hpkeSeal(point, info, aad, utf8('m'))).toThrow(RangeError)
    expect(hpkeOpen(seed, info, aad, Buffer.concat([point, sealed.subarray(32)]))).toBeUndefined()
  }
  expect(isSealable(key)).toBe(true)
  expect(isSealable(key.subarray(1))).toBe(false)
})
