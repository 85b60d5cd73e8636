import { describe, expect, test } from 'vitest'
import { kernelsOf } from '../../../modules/scan/kernels/kernels.ts'
import { layout } from '../../../modules/scan/kernels/layout.ts'
import { readBuffer } from '../../../modules/scan/kernels/read-buffer.ts'
import type { Literal } from '../../../modules/scan/literals/literal.ts'
import { literalSearch } from '../../../modules/scan/literals/literal-search.ts'
import { requiredLiterals } from '../../../modules/scan/literals/required-literals.ts'
import { lowerAscii } from '../../../modules/scan/literals/strings.ts'
import { parseFor } from '../../../modules/scan/program/language.ts'
import { Dice } from './random-pattern.ts'

describe('literals that a match needs', () => {
  test.each([
    ['badguy', ['badguy'], true],
    ['(?i)badguy', ['badguy/i'], true],
    ['https?://evil', ['http://evil', 'https://evil'], true],
    ['(wget|curl) -s', ['wget -s', 'curl -s'], true],
    ['^badguy$', ['badguy'], false],
    ['x+badguy.*y', ['badguy'], false],
    ['(?:the .*|of )?badguy[0-9]+', ['badguy'], false],
    ['(abc){2,}', ['abcabc'], false],
    ['evil\\r', ['evil\r'], false],
    ['(?i)kin', ['kin/i', '\xe2\x84\xaain/i'], true],
    ['é€x', ['\xc3\xa9\xe2\x82\xacx'], true],
    ['(?i:bad)Guy', ['badguy/i'], false],
    ['abc\ufffddefg', ['defg'], false],
    ['a\\nbc', [], true],
    ['[0-9a-f]{33}', undefined, false],
    ['ab', undefined, false],
    ['badguy|x', undefined, false],
    ['(badguy)?', undefined, false],
  ])('of %s', (source, expected, isWhole) => {
    const need = requiredLiterals(parseFor('lines', source), 'lines', 3)
    expect(need.anyOf?.map(({ text, ignoreCase }) => text + (ignoreCase ? '/i' : ''))).toEqual(expected)
    expect(need.isWhole).toBe(isWhole)
  })
})

describe.each(['auto', 'off'] as const)('the search for literals, kernels %s', (choice) => {
  test('finds every place of every literal, in their order, however many and whatever their case', () => {
    const dice = new Dice(3)
    const kernels = kernelsOf(choice)
    let places = 0
    for (let round = 0; round < 600; round++) {
      const letters = dice.one(['ab', 'abAB', 'abcdeABCDE', '@`[{aAzZ\x80\xe0'])
      const word = (length: number): string => Array.from({ length }, () => dice.one([...letters])).join('')
      const ignoreCase = dice.below(2) === 0
      const count = 1 + dice.below(dice.one([1, 4, 9, 60]))
      const shortest = kernels !== undefined && count <= 4 ? 2 : 3
      const literals: Literal[] = Array.from({ length: count }, () => {
        const text = word(shortest + dice.below(dice.one([2, 9])))
        return ignoreCase ? { text: lowerAscii(text), ignoreCase } : { text, ignoreCase }
      })
      const text = word(dice.below(dice.one([200, 3000])))
      const found: [number, number][] = []
      const cursor = literalSearch(literals, kernels).over(placed(dice, text))
      while (cursor.next()) found.push([cursor.at, cursor.literal])
      if (cursor.isCostly) continue
      const expected: [number, number][] = []
      const lower = lowerAscii(text)
      for (let at = 0; at < text.length; at++) {
        for (const [i, literal] of literals.entries()) {
          if ((literal.ignoreCase ? lower : text).startsWith(literal.text, at)) expected.push([at, i])
        }
      }
      expect(found.map(([at]) => at)).toEqual(expected.map(([at]) => at))
      expect(new Set(found.map(String))).toEqual(new Set(expected.map(String)))
      places += found.length
    }
    expect(places).toBeGreaterThan(1000)
  })

  test.each([3, 200])(
    'finds what lies across pieces of a text longer than is copied at a time, of %d literals',
    (count) => {
      const dice = new Dice(9)
      const literals = Array.from({ length: count }, (_, i) => ({
        text: `needle-${i}${'x'.repeat(i % 9)}`,
        ignoreCase: false,
      }))
      const text = Buffer.alloc(3 * layout.copiedBytes + 1000, '.')
      const expected = new Map<number, number>()
      // One next to the other around every place where a piece may end.
      for (let border = 64 * 1024; border < text.length; border += 64 * 1024) {
        for (let at = border - 600; at < border + 100; ) {
          const i = dice.below(count)
          const { text: needle } = literals[i] as Literal
          text.write(needle, at, 'latin1')
          expected.set(at, i)
          at += needle.length + dice.below(3)
        }
      }
      text.write('needle-0', text.length - 8)
      expected.set(text.length - 8, 0)
      const found = new Map<number, number>()
      const cursor = literalSearch(literals, kernelsOf(choice)).over(text)
      // The longer of two that begin alike is the one that was put there.
      while (cursor.next()) {
        const before = found.get(cursor.at)
        const length = (literals[cursor.literal] as Literal).text.length
        if (before === undefined || (literals[before] as Literal).text.length < length)
          found.set(cursor.at, cursor.literal)
      }
      expect([...found].sort((a, b) => a[0] - b[0])).toEqual([...expected].sort((a, b) => a[0] - b[0]))
    },
  )

  test('gives two searches their turn by turn', () => {
    const kernels = kernelsOf(choice)
    const words = (prefix: string, count: number): Literal[] =>
      Array.from({ length: count }, (_, i) => ({ text: `${prefix}${i}#`, ignoreCase: false }))
    for (const count of [3, 40]) {
      const text = (prefix: string): Buffer =>
        Buffer.from(Array.from({ length: 3000 }, (_, i) => `${prefix}${i % count}# `).join(''))
      const one = literalSearch(words('abc', count), kernels).over(text('abc'))
      const two = literalSearch(words('xyz', count), kernels).over(text('xyz'))
      for (let i = 0; i < 3000; i++) {
        expect([one.next(), two.next()]).toEqual([true, true])
        expect([one.literal, two.literal]).toEqual([i % count, i % count])
      }
      expect([one.next(), two.next()]).toEqual([false, false])
    }
  })
})

const read = readBuffer(8192)

/** Here, or where the kernels look, with more of the same around it. */
function placed(dice: Dice, text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (dice.below(2) === 0) return bytes
  const start = dice.below(1000)
  read.bytes.fill(text.length === 0 ? 'a' : text, 0, read.bytes.length, 'latin1')
  bytes.copy(read.bytes, start)
  return read.bytes.subarray(start, start + bytes.length)
}
