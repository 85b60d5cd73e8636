import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canonicalBytes,
  canonicalize,
  type Json,
  type JsonObject,
  parseCanonical,
} from '../../node/core/canonical-json.ts'
import { utf8, utf8Decode } from '../../node/core/encoding.ts'

const dangerous = new Set(['__proto__', 'constructor', 'prototype'])
const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii' }),
  fc.constantFrom('é', '日本', '😀', 'ö€\ufb33'.normalize('NFC'), ''),
)
const key = text.filter((name) => !dangerous.has(name))
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.maxSafeInteger().filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const document: fc.Arbitrary<JsonObject> = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true })

test('what is printed reads as itself', () => {
  fc.assert(
    fc.property(document, (body) => {
      const bytes = canonicalBytes(body)
      expect(parseCanonical(bytes, bytes.length)).toEqual({ kind: 'ok', value: body })
    }),
  )
})

test('what is read prints as the bytes it came from', () => {
  fc.assert(
    fc.property(document, fc.integer({ min: 0, max: 3 }), (body, indent) => {
      // Any spelling is either refused or is the canonical one.
      const bytes = utf8(JSON.stringify(body, undefined, indent))
      const result = parseCanonical(bytes, bytes.length)
      if (result.kind === 'ok') expect(canonicalize(result.value)).toBe(utf8Decode(bytes))
    }),
  )
})

test('the order in which keys were set does not matter', () => {
  fc.assert(
    fc.property(document, (body) => {
      expect(canonicalize(Object.fromEntries(Object.entries(body).reverse()))).toBe(canonicalize(body))
    }),
  )
})

test('hostile bytes are refused or canonical, and never throw', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.json().map(utf8),
    fc.string().map((part) => utf8(`{"a":${part}}`)),
  )
  fc.assert(
    fc.property(noise, (bytes) => {
      const result = parseCanonical(bytes, 1024)
      if (result.kind === 'ok') expect(canonicalBytes(result.value)).toEqual(bytes)
    }),
    { numRuns: 2000 },
  )
})
