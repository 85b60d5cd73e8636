import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equalBytes } from '../../node/core/bytes.ts'
import { utf8 } from '../../node/core/encoding.ts'
import { decodeEnvelope, encodeEnvelope, payloadTypes, preAuthEncoding } from '../../node/core/envelope.ts'

const type = fc.oneof(
  fc.constantFrom<string>(...payloadTypes),
  fc.string(),
  fc.stringMatching(/^[0-9 ]{0,6}$/),
)
const body = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.stringMatching(/^[0-9 MIG]{0,20}$/).map(utf8))

test('two documents never share the bytes that are signed', () => {
  fc.assert(
    fc.property(type, body, type, body, (typeA, bodyA, typeB, bodyB) => {
      const same = equalBytes(utf8(typeA), utf8(typeB)) && equalBytes(bodyA, bodyB)
      expect(equalBytes(preAuthEncoding(typeA, bodyA), preAuthEncoding(typeB, bodyB))).toBe(same)
    }),
    { numRuns: 2000 },
  )
})

test('bytes moved from the type to the body make other bytes', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-z ]{1,12}$/), fc.nat(12), (text, at) => {
      const cut = Math.min(at, text.length)
      const moved = preAuthEncoding(text.slice(0, cut), utf8(text.slice(cut)))
      for (let other = 0; other <= text.length; other++) {
        if (other !== cut)
          expect(equalBytes(preAuthEncoding(text.slice(0, other), utf8(text.slice(other))), moved)).toBe(
            false,
          )
      }
    }),
  )
})

test('what is written is read as itself, and what is read is written as itself', () => {
  const envelope = fc.record({
    type: fc.constantFrom(...payloadTypes),
    body: fc.uint8Array({ maxLength: 300 }),
    signatures: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
  })
  fc.assert(
    fc.property(envelope, (document) => {
      expect(decodeEnvelope(encodeEnvelope(document))).toEqual(document)
    }),
  )
  fc.assert(
    fc.property(envelope, fc.nat(), fc.nat(255), (document, at, byte) => {
      const wire = encodeEnvelope(document)
      wire[at % wire.length] = byte
      const decoded = decodeEnvelope(wire)
      if (typeof decoded === 'object') expect(encodeEnvelope(decoded)).toEqual(wire)
    }),
    { numRuns: 2000 },
  )
})
