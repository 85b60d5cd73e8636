import { describe, expect, test } from 'vitest'
import type { Literal } from '../../../modules/scan/literals/literal.ts'
import { literalSearch } from '../../../modules/scan/literals/literal-search.ts'
import { requiredLiterals } from '../../../modules/scan/literals/required-literals.ts'
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
    const need = requiredLiterals(parseFor('lines', source), 'lines')
    expect(need.anyOf?.map(({ text, ignoreCase }) => text + (ignoreCase ? '/i' : ''))).toEqual(expected)
    expect(need.isWhole).toBe(isWhole)
  })
})

describe('the search for literals', () => {
  test('finds every place of every literal, in their order, however many and whatever their case', () => {
    const dice = new Dice(3)
    let places = 0
    for (let round = 0; round < 400; round++) {
      const letters = dice.one(['ab', 'abAB', 'abcdeABCDE'])
      const word = (length: number): string => Array.from({ length }, () => dice.one([...letters])).join('')
      const ignoreCase = dice.below(2) === 0
      const literals: Literal[] = Array.from({ length: 1 + dice.below(9) }, () => {
        const text = word(3 + dice.below(dice.one([2, 9])))
        return ignoreCase ? { text: text.toLowerCase(), ignoreCase } : { text, ignoreCase }
      })
      const text = word(dice.below(200))
      const found: [number, number][] = []
      const cursor = literalSearch(literals).over(Buffer.from(text))
      while (cursor.next()) found.push([cursor.at, cursor.literal])
      const expected: [number, number][] = []
      for (let at = 0; at < text.length; at++) {
        for (const [i, literal] of literals.entries()) {
          const here = text.slice(at, at + literal.text.length)
          if ((literal.ignoreCase ? here.toLowerCase() : here) === literal.text) expected.push([at, i])
        }
      }
      expect(found.map(([at]) => at)).toEqual(expected.map(([at]) => at))
      expect(new Set(found.map(String))).toEqual(new Set(expected.map(String)))
      places += found.length
    }
    expect(places).toBeGreaterThan(1000)
  })
})
