import { describe, expect, test } from 'vitest'
import {
  type CanonicalResult,
  canonicalBytes,
  canonicalize,
  describeFault,
  type Json,
  parseCanonical,
} from '../../node/core/canonical-json.ts'
import { utf8 } from '../../node/core/encoding.ts'
import { maxDepthInParameters, maxDepthOutside } from '../../node/core/limits.ts'

const read = (text: string, maxBytes = 1024): CanonicalResult => parseCanonical(utf8(text), maxBytes)
const codeOf = (result: CanonicalResult): string => (result.kind === 'ok' ? 'ok' : result.fault.code)
const inParameters = (json: string) => `{"operations":[{"parameters":${json}}]}`

describe('RFC 8785', () => {
  test('3.2.3 sorts by UTF-16 code units', () => {
    const names: Json = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    expect(canonicalize(names)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    )
  })
  test('3.2.2 strings and literals', () => {
    const value = JSON.parse(
      String.raw`{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ) as Json
    expect(canonicalize(value)).toBe(
      String.raw`{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })
  test.each([
    ['arrays', '[56,{"d":true,"10":null,"1":[]}]', '[56,{"1":[],"10":null,"d":true}]'],
    [
      'french',
      '{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}',
      '{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}',
    ],
    [
      'structures',
      '{"1":{"f":{"f":"hi","F":5},"\\n":56.0},"10":{},"":"empty","a":{},"111":[{"e":"yes","E":"no"}],"A":{}}',
      '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
    ],
    ['unicode', '{"Unnormalized Unicode":"A\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'],
  ])('the published example %s', (_, input, output) => {
    expect(canonicalize(JSON.parse(input) as Json)).toBe(output)
  })
  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'the number %d has no form here',
    (number) => {
      expect(() => canonicalize({ n: number })).toThrow(TypeError)
    },
  )
})

describe('reading', () => {
  test('gives the value of canonical bytes', () => {
    expect(read('{"a":[1,true,"é"],"b":{}}')).toEqual({ kind: 'ok', value: { a: [1, true, 'é'], b: {} } })
  })
  test.each([
    ['V06 a duplicate key', '{"a":1,"a":1}', 'not-canonical'],
    ['V13 another order', '{"b":1,"a":1}', 'not-canonical'],
    ['V13 a blank', '{"a": 1}', 'not-canonical'],
    ['V13 a trailing newline', '{"a":1}\n', 'not-canonical'],
    ['V13 a byte order mark', '\ufeff{"a":1}', 'not-json'],
    ['V08 1e2', '{"a":1e2}', 'not-canonical'],
    ['V08 1.0', '{"a":1.0}', 'not-canonical'],
    ['V08 -0', '{"a":-0}', 'not-canonical'],
    ['V08 1.5', '{"a":1.5}', 'bad-value'],
    ['V08 1e400', '{"a":1e400}', 'bad-value'],
    ['V09 9007199254740993', '{"a":9007199254740993}', 'bad-value'],
    ['V10 an escaped lone surrogate', '{"a":"\\ud800"}', 'bad-value'],
    ['an escape that needs none', '{"a":"\\u0041"}', 'not-canonical'],
    ['V07 __proto__', '{"__proto__":1}', 'bad-value'],
    ['V07 constructor', '{"a":{"constructor":1}}', 'bad-value'],
    ['V07 prototype inside parameters', inParameters('{"prototype":1}'), 'bad-value'],
    ['null', '{"a":null}', 'bad-value'],
    ['an array', '[1]', 'not-json'],
    ['a string', '"a"', 'not-json'],
    ['null alone', 'null', 'not-json'],
    ['nothing', '', 'not-json'],
    ['half an object', '{"a":', 'not-json'],
    ['the largest safe integer', '{"a":9007199254740991}', 'ok'],
    ['null inside parameters', inParameters('null'), 'ok'],
    ['tab and line feed inside parameters', inParameters('"\\t\\n"'), 'ok'],
    ['a carriage return inside parameters', inParameters('"\\r"'), 'bad-value'],
    ['a zero-width joiner inside parameters', inParameters('"\u200d"'), 'ok'],
    ['a direction character inside parameters', inParameters('"\u202e"'), 'bad-value'],
    ['text that is not in normal form C inside parameters', inParameters('"e\u0301"'), 'ok'],
  ])('%s', (_, text, code) => {
    expect(codeOf(read(text))).toBe(code)
  })
  test.each([
    '\u0000',
    '\u0007',
    '\t',
    '\n',
    '\u007f',
    '\u009f',
    '\u061c',
    '\u200e',
    '\u2028',
    '\u202a',
    '\u202e',
    '\u2066',
    '\u2069',
    '\u00ad',
    '\u200b',
    '\u200d',
    '\u2060',
    '\u2064',
    '\ufeff',
    '\ufff9',
    '\u{e0041}',
    'e\u0301',
  ])('V11 what is not seen as it is, %j, is refused in values and in keys', (character) => {
    expect(codeOf(read(canonicalize({ a: character })))).toBe('bad-value')
    expect(codeOf(read(canonicalize({ [character]: 1 })))).toBe('bad-value')
  })
  test('bytes that are not UTF-8', () => {
    expect(codeOf(parseCanonical(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 100))).toBe('not-utf8')
    // CESU-8: a surrogate in three bytes.
    expect(
      codeOf(parseCanonical(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), 100)),
    ).toBe('not-utf8')
  })
  test('V12 the size, on both sides of the bound', () => {
    const text = '{"a":"é"}'
    expect(codeOf(read(text, 10))).toBe('ok')
    expect(codeOf(read(text, 9))).toBe('too-large')
  })
  test('V12 the depth, on both sides of the bound, outside and inside parameters', () => {
    const nested = (levels: number, leaf: string) => `${'['.repeat(levels)}${leaf}${']'.repeat(levels)}`
    for (const leaf of ['', '1']) {
      expect(codeOf(read(`{"a":${nested(maxDepthOutside - 1, leaf)}}`))).toBe('ok')
      expect(codeOf(read(`{"a":${nested(maxDepthOutside, leaf)}}`))).toBe('too-deep')
      expect(codeOf(read(inParameters(nested(maxDepthInParameters, leaf))))).toBe('ok')
      expect(codeOf(read(inParameters(nested(maxDepthInParameters + 1, leaf))))).toBe('too-deep')
    }
  })
  test('V12 depth is found before the parser runs, and not in strings', () => {
    // The parser would say that this is no JSON at all.
    expect(codeOf(read(`{"a":${'['.repeat(500_000)}`, 1_000_000))).toBe('too-deep')
    expect(codeOf(read(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`))).toBe('ok')
  })
  test('only the parameters of an operation are parameters', () => {
    for (const text of [
      '{"operations[0].parameters":null}',
      '{"operations[0]":{"parameters":null}}',
      '{"operations":{"parameters":null}}',
      '{"parameters":null}',
      '{"a":{"operations":[{"parameters":null}]}}',
      '{"operations":[[{"parameters":null}]]}',
    ]) {
      expect(codeOf(read(text)), text).toBe('bad-value')
    }
  })
})

describe('writing', () => {
  test('leaves out what is undefined and refuses what breaks the shape, naming the place', () => {
    expect(canonicalBytes({ b: undefined, a: 1 })).toEqual(utf8('{"a":1}'))
    expect(() => canonicalBytes({ a: [{ b: null }] })).toThrow(
      'a[0].b: null is allowed only inside parameters',
    )
    expect(() => canonicalBytes({ a: 'x\u202e' })).toThrow(TypeError)
  })
  test('a fault is told in words', () => {
    expect(describeFault({ code: 'not-canonical' })).toBe('document is not in canonical form (RFC 8785)')
    expect(describeFault({ code: 'bad-value', at: 'name', reason: 'is not a safe integer' })).toBe(
      'name: is not a safe integer',
    )
  })
})
