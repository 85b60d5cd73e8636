import { describe, expect, test } from 'vitest'
import { kernelsOf } from '../../../modules/scan/kernels/kernels.ts'
import { readBuffer } from '../../../modules/scan/kernels/read-buffer.ts'
import { Automaton } from '../../../modules/scan/program/automaton.ts'
import { runLanes } from '../../../modules/scan/program/lanes.ts'
import { languageOf, parseFor } from '../../../modules/scan/program/language.ts'
import { LazyDfa } from '../../../modules/scan/program/lazy-dfa.ts'
import { Dice } from './random-pattern.ts'

/** So many states that hardly a byte is without news. */
const restless = ['^q[a-c]+$', '[a-c]{12}', 'a.{6}b.?é', '\\bab\\b', 'zz+a', '^.{300}']

/** So few that nearly all bytes go through the table. */
const calm = ['^q[a-c]+$', '[a-c]{12}$', '\\bab\\b', 'zz+a', 'é\\b.q']

const read = readBuffer(128 * 1024)

describe.each(['auto', 'off'] as const)('lanes, kernels %s', (kernels) => {
  test.each([
    ['a table that is emptied all the time', restless, 64, Number.POSITIVE_INFINITY],
    ['a table that is emptied now and then', restless, 4096, Number.POSITIVE_INFINITY],
    ['little to be spent on learning', restless, 1024 * 1024, 40],
    ['little of both', restless, 512, 300],
    ['room for everything', restless, 1024 * 1024, Number.POSITIVE_INFINITY],
    ['few states', calm, 1024 * 1024, Number.POSITIVE_INFINITY],
    ['few states, for some of which there is no room', calm, 256, Number.POSITIVE_INFINITY],
  ])('say what one automaton says, and end where it ends, with %s', (_, sources, cells, maxSteps) => {
    const dice = new Dice(4)
    const language = languageOf(
      sources.map((source) => parseFor('lines', source)),
      'lines',
    )
    const automaton = new Automaton(language, [...sources.keys()])
    const dfa = new LazyDfa(automaton, cells, kernelsOf(kernels))
    let decidedInAll = 0
    for (let round = 0; round < 6; round++) {
      const letters = [...dice.one(['abcq ', 'ab é', 'xyz-'])]
      const lineLength = dice.one([30, 400])
      const made = Buffer.from(
        Array.from({ length: 24_000 }, () => (dice.below(lineLength) === 0 ? '\n' : dice.one(letters))).join(
          '',
        ),
      )
      // Now where the kernels look, now elsewhere.
      const text = round % 2 === 0 ? made : read.bytes.subarray(round, round + made.length)
      made.copy(text)
      const expected = new Set<string>()
      let at = automaton.start
      for (const [i, byte] of text.entries()) {
        const { next, decided } = automaton.advance(at, byte)
        for (const pattern of decided) expected.add(`${pattern} at ${i + 1}`)
        at = next
      }
      const told = new Set<string>()
      dfa.restart()
      for (let i = 0; i < text.length; ) {
        const end = runLanes(dfa, text, i, text.length, maxSteps, (decided, behind) => {
          expect(behind).toBeLessThanOrEqual(text.length)
          for (const pattern of decided) told.add(`${pattern} at ${behind}`)
        })
        expect(end).toBeGreaterThan(i)
        i = end
      }
      // Sets of thousands: compared without vitest's own comparison, which takes its time.
      expect([...told].filter((one) => !expected.has(one))).toEqual([])
      expect(told.size).toBe(expected.size)
      expect(dfa.at).toEqual(at)
      decidedInAll += told.size
    }
    expect(decidedInAll).toBeGreaterThan(10)
  })
})
