import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  base32Encode,
  base58Decode,
  base58Encode,
  base64Decode,
  base64Encode,
  base64UrlDecode,
  base64UrlEncode,
  hexEncode,
  utf8,
  utf8Decode,
} from '../../node/core/encoding.ts'

// RFC 4648 10, in lower case and without padding.
test.each([
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
])('writes %j in base32 as RFC 4648 does', (text, encoded) => {
  expect(base32Encode(utf8(text))).toBe(encoded)
})

test('writes 32 bytes in 52 characters, the last of which has one bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      expect(base32Encode(bytes)).toMatch(/^[a-z2-7]{51}[aq]$/)
    }),
  )
})

// draft-msporny-base58 5.
test.each([
  [utf8('Hello World!'), '2NEpo7TZRRrLZSi2U'],
  [
    utf8('The quick brown fox jumps over the lazy dog.'),
    'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
  ],
  [Uint8Array.of(0, 0, 0x28, 0x7f, 0xb4, 0xcd), '11233QC4'],
])('writes and reads base58', (bytes, encoded) => {
  expect(base58Encode(bytes)).toBe(encoded)
  expect(base58Decode(encoded)).toEqual(bytes)
})

test('reads back any bytes from base58, and any base58 from bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(base58Decode(base58Encode(bytes))).toEqual(bytes)
    }),
  )
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 55 }), (text) => {
      expect(base58Encode(base58Decode(text) as Uint8Array)).toBe(text)
    }),
  )
})

test.each(['0', 'O', 'I', 'l', ' ', 'a b', 'é', '='])('reads no base58 with %j', (text) => {
  expect(base58Decode(text)).toBeUndefined()
})

test('reads base64 of both kinds in one spelling only', () => {
  const bytes = Uint8Array.of(0xfb, 0xff, 0xfe, 0x01)
  expect(base64Encode(bytes)).toBe('+//+AQ==')
  expect(base64UrlEncode(bytes)).toBe('-__-AQ')
  expect(base64Decode('+//+AQ==')).toEqual(bytes)
  expect(base64UrlDecode('-__-AQ')).toEqual(bytes)
  for (const text of ['+//+AQ', '-__-AQ==', '+//+AR==', ' +//+AQ==', '+//+\nAQ==', 'A', '='])
    expect(base64Decode(text)).toBeUndefined()
  for (const text of ['-__-AQ==', '+//+AQ', '-__-AR', '-__-AQ ', 'A', '_'])
    expect(base64UrlDecode(text)).toBeUndefined()
  expect(base64UrlDecode('')).toEqual(new Uint8Array(0))
})

test('reads back any bytes from base64, and views of bytes as themselves', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const view = bytes.subarray(1)
      expect(base64Decode(base64Encode(view))).toEqual(Uint8Array.from(view))
      expect(base64UrlDecode(base64UrlEncode(view))).toEqual(Uint8Array.from(view))
      expect(hexEncode(view)).toBe(Buffer.from(view).toString('hex'))
    }),
  )
})

test('reads UTF-8 strictly, and keeps a byte order mark for others to refuse', () => {
  expect(utf8Decode(utf8('häß 🦊'))).toBe('häß 🦊')
  expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  // A bare continuation, an overlong slash, a surrogate, a cut sequence, beyond U+10FFFF.
  for (const bad of [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]]) {
    expect(utf8Decode(Uint8Array.from(bad))).toBeUndefined()
  }
})
