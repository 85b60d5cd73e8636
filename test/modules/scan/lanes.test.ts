import { expect, test } from 'vitest'
import { Automaton } from '../../../modules/scan/program/automaton.ts'
import { runLanes } from '../../../modules/scan/program/lanes.ts'
import { languageOf, parseFor } from '../../../modules/scan/program/language.ts'
import { LazyDfa } from '../../../modules/scan/program/lazy-dfa.ts'
import { Dice } from './random-pattern.ts'

const sources = ['^q[a-c]+$', '[a-c]{12}', 'a.{6}b.?é', '\\bab\\b', 'zz+a', '^.{300}']

test.each([
  ['a table that is emptied all the time', 64, Number.POSITIVE_INFINITY],
  ['a table that is emptied now and then', 4096, Number.POSITIVE_INFINITY],
  ['little to be spent on learning', 1024 * 1024, 40],
  ['little of both', 512, 300],
  ['room for everything', 1024 * 1024, Number.POSITIVE_INFINITY],
])('four lanes say what one automaton says, and end where it ends, with %s', (_, cells, maxSteps) => {
  const dice = new Dice(4)
  const language = languageOf(
    sources.map((source) => parseFor('lines', source)),
    'lines',
  )
  const automaton = new Automaton(language, [...sources.keys()])
  const dfa = new LazyDfa(automaton, cells)
  let decidedInAll = 0
  for (let round = 0; round < 12; round++) {
    const letters = [...dice.one(['abcq ', 'ab é', 'xyz-'])]
    const lineLength = dice.one([30, 400])
    const text = Buffer.from(
      Array.from({ length: 40_000 }, () => (dice.below(lineLength) === 0 ? '\n' : dice.one(letters))).join(
        '',
      ),
    )
    const expected = new Set<number>()
    let at = automaton.start
    for (const byte of text) {
      const { next, decided } = automaton.advance(at, byte)
      for (const pattern of decided) expected.add(pattern)
      at = next
    }
    const told = new Set<number>()
    dfa.restart()
    for (let i = 0; i < text.length; ) {
      const end = runLanes(dfa, text, i, text.length, maxSteps, (decided, behind) => {
        expect(behind).toBeLessThanOrEqual(text.length)
        for (const pattern of decided) told.add(pattern)
      })
      expect(end).toBeGreaterThan(i)
      i = end
    }
    expect(told).toEqual(expected)
    expect(dfa.at).toEqual(at)
    decidedInAll += told.size
  }
  expect(decidedInAll).toBeGreaterThan(10)
})
