import { describe, expect, test } from 'vitest'
import { Automaton } from '../../../modules/scan/program/automaton.ts'
import { languageOf, parseFor } from '../../../modules/scan/program/language.ts'
import { LazyDfa } from '../../../modules/scan/program/lazy-dfa.ts'
import { maxDfaCells } from '../../../node/core/limits.ts'
import { goLines, isValidPattern } from './go-lines.ts'
import { Dice, randomPattern, randomText } from './random-pattern.ts'

/** Pattern × text pairs; `MIG_SCAN_PAIRS=100000` is the long form. */
const pairs = Number(process.env.MIG_SCAN_PAIRS ?? 5000)
const seed = Number(process.env.MIG_SCAN_SEED ?? 1)
const textsPerPattern = 5

describe('the automaton against Go’s regexp', () => {
  test(`says of every line what re2js says, in ${pairs} random pairs`, () => {
    const dice = new Dice(seed)
    const wrong: string[] = []
    let matching = 0
    for (let tried = 0; tried < pairs; ) {
      const source = randomPattern(dice)
      if (!isValidPattern(source)) continue
      const language = languageOf([parseFor('lines', source)], 'lines')
      const found = new LazyDfa(new Automaton(language, [0]), maxDfaCells)
      const missed = new LazyDfa(new Automaton(language, [0], 'lines-without'), 64)
      for (let i = 0; i < textsPerPattern; i++, tried++) {
        const text = randomText(dice)
        const lines = goLines(source, text)
        if (lines.includes(true)) matching += 1
        const hasLine = text.length > 0 && text.at(-1) !== 0x0a
        if (decides(found, text, hasLine) !== lines.includes(true))
          wrong.push(`${source} on ${text.toString('hex')}`)
        if (decides(missed, text, hasLine) !== lines.includes(false))
          wrong.push(`not ${source} on ${text.toString('hex')}`)
      }
    }
    expect(wrong.slice(0, 10)).toEqual([])
    // A law about texts that never match would say nothing.
    expect(matching).toBeGreaterThan(pairs / 10)
    expect(matching).toBeLessThan((pairs * 4) / 5)
  }, 600_000)
})

function decides(dfa: LazyDfa, text: Buffer, hasLine: boolean): boolean {
  dfa.restart()
  dfa.run(text, 0, text.length)
  return dfa.decided.length > 0 || dfa.end(hasLine).length > 0
}
