import { describe, expect, test } from 'vitest'
import { readSignatureHeader } from '../../../node/verification/signature-packet.ts'

const fingerprint4 = Array.from({ length: 20 }, (_, i) => i)
const fingerprint6 = Array.from({ length: 32 }, (_, i) => i)
const issuer4 = [22, 33, 4, ...fingerprint4]
const issuer6 = [34, 33, 6, ...fingerprint6]
const created = [5, 2, 0, 0, 0, 1]

/** The beginning of a version 4 signature packet's body, then something that stands for the rest. */
const body4 = (...subpackets: number[][]) => {
  const hashed = subpackets.flat()
  return [4, 0, 22, 10, hashed.length >> 8, hashed.length & 255, ...hashed, 0, 0, 1, 2]
}
const newFormat = (body: number[]) => Uint8Array.of(0xc2, body.length, ...body)
const hex = (bytes: number[]) => Buffer.from(bytes).toString('hex').toUpperCase()

test('reads type, hash and issuer of a version 4 and of a version 6 signature', () => {
  expect(readSignatureHeader(newFormat(body4(created, issuer4)))).toEqual({
    type: 0,
    hash: 10,
    issuer: hex(fingerprint4),
  })
  const hashed = [...issuer6, ...created]
  const version6 = [6, 1, 27, 8, 0, 0, 0, hashed.length, ...hashed, 0, 0, 0, 0]
  expect(readSignatureHeader(newFormat(version6))).toEqual({ type: 1, hash: 8, issuer: hex(fingerprint6) })
})

describe('the packet', () => {
  const body = body4(created, issuer4)
  test.each<[string, number[]]>([
    ['new format, one octet', [0xc2, body.length]],
    ['new format, five octets', [0xc2, 255, 0, 0, 0, body.length]],
    ['old format, one octet', [0x88, body.length]],
    ['old format, two octets', [0x89, 0, body.length]],
    ['old format, four octets', [0x8a, 0, 0, 0, body.length]],
  ])('is read in %s', (_, header) => {
    expect(readSignatureHeader(Uint8Array.of(...header, ...body))).toMatchObject({
      issuer: hex(fingerprint4),
    })
  })
  test('is read in new format with two octets', () => {
    const long = [...body, ...new Array<number>(200).fill(0)]
    expect(readSignatureHeader(Uint8Array.of(0xc2, 192, long.length - 192, ...long))).toMatchObject({
      issuer: hex(fingerprint4),
    })
  })
  test.each<[string, number[]]>([
    ['one octet too many', [0xc2, body.length, ...body, 0]],
    ['one octet too few', [0xc2, body.length, ...body.slice(0, -1)]],
    ['a second packet', [0xc2, body.length, ...body, 0xc2, body.length, ...body]],
    ['an indeterminate length', [0x8b, ...body]],
    ['a partial length', [0xc2, 224 + 5, ...new Array<number>(32).fill(0)]],
    ['another packet type', [0xc4, body.length, ...body]],
    ['armor', [...Buffer.from('-----BEGIN PGP SIGNATURE-----')]],
    ['nothing', []],
    ['one octet', [0xc2]],
  ])('V32 V54 is refused with %s', (_, bytes) => {
    expect(readSignatureHeader(Uint8Array.from(bytes))).toBeTypeOf('string')
  })
})

describe('the signed part', () => {
  test.each<[string, number[]]>([
    ['version 3', [3, ...body4(created, issuer4).slice(1)]],
    ['version 5', [5, ...body4(created, issuer4).slice(1)]],
    ['no issuer fingerprint', body4(created)],
    ['two issuer fingerprints', body4(created, issuer4, issuer4)],
    ['an issuer of an unknown version', body4(created, [22, 33, 5, ...fingerprint4])],
    ['an issuer that was cut', body4(created, [21, 33, 4, ...fingerprint4.slice(1)])],
    ['an issuer that is too long', body4(created, [23, 33, 4, ...fingerprint4, 0])],
    ['a subpacket that goes beyond it', body4(created, [200, 33])],
    ['an empty subpacket', body4([0], created, issuer4)],
    ['a length that goes beyond the packet', [4, 0, 22, 10, 255, 255, ...issuer4]],
  ])('is refused with %s', (_, body) => {
    expect(readSignatureHeader(newFormat(body))).toBeTypeOf('string')
  })
  test('V49 an issuer in the unsigned part does not count', () => {
    const unhashed = [4, 0, 22, 10, 0, created.length, ...created, 0, issuer4.length, ...issuer4, 1, 2]
    expect(readSignatureHeader(newFormat(unhashed))).toBeTypeOf('string')
  })
  test('a critical issuer is an issuer', () => {
    expect(readSignatureHeader(newFormat(body4(created, [22, 33 | 0x80, 4, ...fingerprint4])))).toMatchObject(
      { issuer: hex(fingerprint4) },
    )
  })
})
