import { describe, expect, test } from 'vitest'
import { concat, prefixed, uvarint } from '../../node/core/bytes.ts'
import { utf8 } from '../../node/core/encoding.ts'
import {
  decodeEnvelope,
  documentId,
  type Envelope,
  encodeEnvelope,
  isDocumentId,
  maxBodyBytes,
  payloadTypes,
  preAuthEncoding,
} from '../../node/core/envelope.ts'
import { maxSignatureBytes, maxSignatures, maxTypeBytes } from '../../node/core/limits.ts'

const envelope: Envelope = {
  type: 'mig.action.v3',
  body: utf8('{"a":1}'),
  signatures: [Uint8Array.of(1, 2), Uint8Array.of(3)],
}
const magic = utf8('MIGE\u0001')

test('what is signed holds the lengths of both parts in bytes', () => {
  expect(Buffer.from(preAuthEncoding('mig.action.v3', utf8('{"é":1}'))).toString()).toBe(
    'MIG1 13 mig.action.v3 8 {"é":1}',
  )
  expect(Buffer.from(preAuthEncoding('', new Uint8Array())).toString()).toBe('MIG1 0  0 ')
})

test('an id is that of type and body, whatever the signatures', () => {
  // python3: base64.b32encode(hashlib.sha256(b'MIG1 13 mig.action.v3 7 {"a":1}').digest()).decode().lower().rstrip('=')
  expect(documentId(envelope)).toBe('fhiylx7dfdwt7so6ixdslko6hrwfn5sl4ftgimzosauaxrjkffca')
  expect(documentId({ ...envelope, type: 'mig.cancel.v1' })).not.toBe(documentId(envelope))
  expect(documentId({ ...envelope, body: utf8('{"a":2}') })).not.toBe(documentId(envelope))
})

test('an id is told from what is none', () => {
  const id = documentId(envelope)
  expect(isDocumentId(id)).toBe(true)
  for (const text of [
    '',
    id.slice(1),
    `${id}a`,
    id.toUpperCase(),
    `${id.slice(0, 51)}b`,
    `${id.slice(0, 51)}1`,
    ` ${id.slice(1)}`,
    `${id}\n`,
  ])
    expect(isDocumentId(text), text).toBe(false)
})

describe('the wire form', () => {
  test('is read as it was written', () => {
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
    expect(decodeEnvelope(encodeEnvelope({ ...envelope, signatures: [] }))).toEqual({
      ...envelope,
      signatures: [],
    })
  })
  test('has one byte form', () => {
    expect(encodeEnvelope({ type: 'mig.root.v1', body: utf8('{}'), signatures: [Uint8Array.of(9)] })).toEqual(
      concat([
        magic,
        Uint8Array.of(11),
        utf8('mig.root.v1'),
        Uint8Array.of(2),
        utf8('{}'),
        Uint8Array.of(1, 1, 9),
      ]),
    )
  })
  test('every cut and every addition is not decodable', () => {
    const wire = encodeEnvelope(envelope)
    for (let length = 0; length < wire.length; length++)
      expect(decodeEnvelope(wire.subarray(0, length)), String(length)).toBe('not-decodable')
    expect(decodeEnvelope(concat([wire, Uint8Array.of(0)]))).toBe('not-decodable')
  })
  test('a longer spelling of a length is not decodable', () => {
    const parts = [magic, prefixed(utf8('mig.root.v1'))]
    expect(typeof decodeEnvelope(concat([...parts, Uint8Array.of(0), Uint8Array.of(0)]))).toBe('object')
    expect(decodeEnvelope(concat([...parts, Uint8Array.of(0x80, 0), Uint8Array.of(0)]))).toBe('not-decodable')
  })
  test('a type that nobody knows is unsupported, and one that is too long is no type', () => {
    const withType = (type: string) =>
      decodeEnvelope(concat([magic, prefixed(utf8(type)), Uint8Array.of(0, 0)]))
    expect(withType('mig.action.v4')).toBe('unsupported')
    expect(withType('x'.repeat(maxTypeBytes))).toBe('unsupported')
    expect(withType('x'.repeat(maxTypeBytes + 1))).toBe('not-decodable')
    expect(decodeEnvelope(concat([magic, prefixed(Uint8Array.of(0xff)), Uint8Array.of(0, 0)]))).toBe(
      'not-decodable',
    )
    for (const name of ['constructor', 'toString', 'length']) expect(withType(name)).toBe('unsupported')
  })
  test.each(payloadTypes)('bounds the body of %s', (type) => {
    const of = (size: number) =>
      decodeEnvelope(encodeEnvelope({ type, body: new Uint8Array(size), signatures: [] }))
    expect(typeof of(maxBodyBytes(type))).toBe('object')
    expect(of(maxBodyBytes(type) + 1)).toBe('too-large')
  })
  test('a body that claims to be huge is refused before it is looked for', () => {
    expect(decodeEnvelope(concat([magic, prefixed(utf8('mig.cancel.v1')), uvarint(2 ** 31 - 1)]))).toBe(
      'too-large',
    )
  })
  test('V31 eight signatures, not nine; 4096 bytes each, not more', () => {
    const withSignatures = (count: number, size: number) =>
      decodeEnvelope(
        encodeEnvelope({
          ...envelope,
          signatures: Array.from({ length: count }, () => new Uint8Array(size)),
        }),
      )
    expect(typeof withSignatures(maxSignatures, maxSignatureBytes)).toBe('object')
    expect(withSignatures(maxSignatures + 1, 1)).toBe('too-many-signatures')
    expect(withSignatures(1, maxSignatureBytes + 1)).toBe('not-decodable')
  })
})
