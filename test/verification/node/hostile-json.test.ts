import { expect, test } from 'vitest'
import { utf8 } from '../../../node/core/encoding.ts'
import { parseHostileJson } from '../../../node/verification/hostile-json.ts'

const parse = (text: string) => parseHostileJson(utf8(text))

test('reads what canonical JSON may not hold', () => {
  expect(parse('{ "b": 1.5, "a": null, "c": "\\ud800\\u0007\u202e" }')).toEqual({
    b: 1.5,
    a: null,
    c: '\ud800\u0007\u202e',
  })
  expect(parse('[]')).toEqual([])
})

test('counts brackets outside text only, up to 36', () => {
  expect(parse(`${'['.repeat(36)}${']'.repeat(36)}`)).toBeDefined()
  expect(parse(`${'['.repeat(37)}${']'.repeat(37)}`)).toBeUndefined()
  expect(parse(`["${'['.repeat(99)}\\"[","]"]`)).toBeDefined()
  // An escaped quote does not end the text; the quote after an escaped backslash does.
  expect(parse(`["\\"${'['.repeat(99)}"]`)).toBeDefined()
  expect(parse(`["\\\\",${'['.repeat(37)}${']'.repeat(37)}]`)).toBeUndefined()
})

test.each(['{"__proto__":1}', '[{"a":{"constructor":1}}]', '{"a":[{"prototype":1}]}'])(
  'refuses %s',
  (text) => {
    expect(parse(text)).toBeUndefined()
  },
)

test.each(['', '{', 'nul', '\ufeff{}'])('refuses %j, which is no JSON', (text) => {
  expect(parse(text)).toBeUndefined()
})

test('refuses what is not UTF-8', () => {
  expect(parseHostileJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined()
})
