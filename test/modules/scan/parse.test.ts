import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { firstTooMany } from '../../../modules/scan/check-patterns.ts'
import { Automaton } from '../../../modules/scan/program/automaton.ts'
import { languageOf, parseFor } from '../../../modules/scan/program/language.ts'
import { buildProgram } from '../../../modules/scan/program/program.ts'
import { instructionsOf } from '../../../modules/scan/program/size.ts'
import type { TextKind } from '../../../modules/scan/program/text-kind.ts'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { MigError } from '../../../node/core/error.ts'
import { maxScanInstructions } from '../../../node/core/limits.ts'
import { compileRegex } from '../../../node/core/regex.ts'
import { isValidPattern } from './go-lines.ts'
import { Dice, randomPattern, randomWordPattern } from './random-pattern.ts'

describe('patterns', () => {
  test('are refused where re2js refuses them, with its message, place and code', () => {
    for (const source of [
      'a(',
      'a**',
      'x{1001}',
      '[z-a]',
      '(?=a)',
      '\\8',
      '(?P<a>x)(?P<a>y)',
      '\\p{Klingon}',
      '*a',
      '\\C',
    ]) {
      expect(errorOf(() => parseFor('lines', source))).toEqual(errorOf(() => compileRegex(source)))
      expect(errorOf(() => parseFor('lines', source))).toMatchObject({ code: 'bad-regex' })
    }
  })

  test('are taken wherever re2js takes them', () => {
    const dice = new Dice(99)
    for (let i = 0; i < 2000; i++) {
      const source = randomPattern(dice)
      if (isValidPattern(source)) expect(() => parseFor('lines', source)).not.toThrow()
      else expect(() => parseFor('lines', source)).toThrow()
    }
  })

  test.each([
    ['(?i)\\W', 'k', false],
    ['(?i)\\W', '\u212a', false],
    ['\\W', '\u212a', true],
    ['(?i)[^k]', '\u212a', false],
    ['a(?i)b|c', 'C', true],
    ['(a(?i)b)c', 'aBC', false],
    ['\\Qa.b\\E+', 'a.bbb', true],
    ['^\\Qa.b\\E{2}$', 'a.bb', true],
    ['x{,2}', 'x{,2}', true],
    ['[]a]', ']', true],
    ['[^]a]', ']', false],
    ['\\xff', '\xff', true],
  ])('%s on %j: %s', (source, text, expected) => {
    expect(matches('lines', source, Buffer.from(text))).toBe(expected)
  })

  test.each([
    ['\\xff', 'ff', true],
    ['\\xff', 'c3bf', false],
    ['^\\x00\\x01.$', '0001ff', true],
    ['é', 'c3a9', true],
    ['^é{2}$', 'c3a9c3a9', true],
    ['[\\x80-\\xff]{3}', '80ffc0', true],
    ['a\\nb', '610a62', true],
    ['a.b', '610a62', false],
    ['(?s)a.b', '610a62', true],
    ['(?m)^b$', '610a620a', true],
    ['^b', '610a62', false],
    ['(?i)k', 'e284aa', false],
    ['^$', '', true],
    ['\\bA\\b', 'ff41ff', true],
  ])('of bytes: %s on %s: %s', (source, hex, expected) => {
    expect(matches('bytes', source, Buffer.from(hex, 'hex'))).toBe(expected)
  })

  test('of bytes have no Unicode class, and no character beyond a byte in brackets', () => {
    for (const source of ['\\pL', '[é]', '\\x{100}', '[a-\\x{20ac}]']) {
      expect(errorOf(() => parseFor('bytes', source))).toMatchObject({ code: 'bad-regex' })
    }
  })
})

function matches(text: TextKind, source: string, bytes: Buffer): boolean {
  const automaton = new Automaton(languageOf([parseFor(text, source)], text), [0])
  let at = automaton.start
  for (const byte of bytes) {
    const { next, decided } = automaton.advance(at, byte)
    if (decided.length > 0) return true
    at = next
  }
  return automaton.end(at, bytes.length > 0 && bytes.at(-1) !== 0x0a).length > 0
}

function errorOf(work: () => unknown): object | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    const { code, message, position } = error as { code?: string; message: string; position?: number }
    return { code, message, position }
  }
}

describe('the size of patterns', () => {
  test('is known without building them', () => {
    const dice = new Dice(31)
    for (let i = 0; i < 2000; i++) {
      const source = dice.below(2) === 0 ? randomPattern(dice) : randomWordPattern(dice)
      if (!isValidPattern(source)) continue
      const node = parseFor('lines', source)
      expect(instructionsOf(node), source).toBe(buildProgram([node]).operations.length)
    }
  })

  test('is refused when it is too much, with the pattern that is one too many, by who asks and who answers alike', () => {
    // re2js makes one step of such an alternative, so that it takes little time to refuse none of them.
    const one = `(${[...'abcdefghijklmnopqrstuvwxyz'].join('|')})x){1000}`
    const large = `(${one}`
    const count = Math.floor(maxScanInstructions / instructionsOf(parseFor('lines', large)))
    const some = Array.from({ length: count }, () => large)
    expect(firstTooMany(some, 'lines')).toBeUndefined()
    const refused = expect.objectContaining({
      code: 'bad-regex',
      message: expect.stringMatching(/^regular expression '\(q\(a\|b.*at most 2000000 are allowed together$/),
    })
    const more = [...some, `(q${one}`, 'b']
    expect(firstTooMany(more, 'lines')).toEqual({ at: count, error: refused })
    expect(firstTooMany(['(', ...more], 'lines')).toEqual({ at: count + 1, error: refused })
    const patterns = more.map((source) => ({ source, finds: 'match' as const }))
    expect(() => new Scanner(patterns, 'lines')).toThrow(refused)
  })

  test.each([
    'abc',
    'a\\.b-c/d',
    '',
    'x'.repeat(4096),
    'évil',
    'a.b',
    'a\\d',
    '\\',
    'a\\x41',
    '_ -/:@,;=<>!"\'%&~#`',
  ])('plain ones mean what re2js says: %s', (source) => {
    const says = (): readonly boolean[] =>
      ['', 'abc', 'xa.b-c/d', 'a9b', 'aAb', 'ABC', `${'x'.repeat(5000)}`].map((text) =>
        RE2JS.compile(source).test(text),
      )
    const asked = (): readonly boolean[] =>
      ['', 'abc', 'xa.b-c/d', 'a9b', 'aAb', 'ABC', `${'x'.repeat(5000)}`].map((text) =>
        compileRegex(source).test(text),
      )
    if (isValidPattern(source)) expect(asked()).toEqual(says())
    else expect(asked).toThrow(MigError)
  })
})
