import { describe, expect, test } from 'vitest'
import type { Scan } from '../../../modules/scan/scan.ts'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { scanWorkBetweenBreaths } from '../../../node/core/limits.ts'
import { Dice } from './random-pattern.ts'

/** Patterns on which a backtracking engine takes exponential or quadratic time, and those whose automata explode. */
const catastrophic: readonly [source: string, alphabet: string][] = [
  ['^(a+)+$', 'a'],
  ['(a|a)*b', 'a'],
  ['(a*)*b', 'a'],
  ['(a|aa)+$', 'a'],
  ['(x+x+)+y', 'x'],
  ['(.*){10}y', 'x'],
  ['(a?){50}a{50}b', 'a'],
  ['.*.*.*=.*', 'x'],
  ['a{1,1000}b', 'a'],
  ['(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['[ab]*a[ab]{14}c', 'ab'],
  ['(a|b)*a(a|b){200}c', 'ab'],
  ['(é|a)*é(é|a){20}z', 'éa'],
  ['(?i)\\b(k|s|ß)+\\b.{3,30}!', 'ksſK '],
]

describe('linear time', () => {
  test.each(catastrophic)('%s: twice the text is at most 2.2 times the work', (source, alphabet) => {
    const [once, twice] = [workOn(source, textOf(alphabet, 20_000)), workOn(source, textOf(alphabet, 40_000))]
    expect(twice / once).toBeLessThanOrEqual(2.2)
    expect(twice / once).toBeGreaterThan(1)
  })

  test('automata that explode are halved and simulated, and find the same', () => {
    const sources = ['(a|b)*a(a|b){200}c$', 'b(.){150}d', 'a(.|.a){120}e', '^[ab]*e$', '^c.*[c-e]$']
    for (const end of ['d', 'ab']) {
      const text = Buffer.concat([Buffer.from('c'), textOf('ab', 30_000), Buffer.from(end)])
      const scan = scanned(sources, text)
      const isFar = text.toString('latin1').at(-152) === 'b'
      expect([...scan.found.keys()].sort()).toEqual(end === 'd' ? (isFar ? [1, 4] : [4]) : [])
      // A text that had a state for each byte would take some hundred instructions a byte to learn.
      expect(scan.work / text.length).toBeLessThan(1000)
    }
  })

  test('an automaton that explodes alone is simulated from where it stands', () => {
    for (const last of ['a', 'b']) {
      const text = `c${textOf('ab', 50_000)}${last}${textOf('ab', 200)}d`
      const scan = scanned(['^c.*b.{200}d$'], Buffer.from(text))
      expect([...scan.found.keys()]).toEqual(last === 'b' ? [0] : [])
    }
  })

  test('others have their turn however much a byte costs', () => {
    const scanner = new Scanner([{ source: '(a?b?c?d?){500}[ab]{500}e', finds: 'match' }], 'lines')
    const scan = scanner.begin()
    let before = 0
    let most = 0
    for (const _ of scan.feed(Buffer.concat([textOf('ab', 100_000), Buffer.from('\n')]))) {
      most = Math.max(most, scan.work - before)
      before = scan.work
    }
    expect(before).toBeGreaterThan(0)
    // A piece of bytes, what was left for learning, and one byte more at the size of the pattern.
    expect(most).toBeLessThan(2 * scanWorkBetweenBreaths + 20_000)
  })
})

function workOn(source: string, text: Buffer): number {
  return scanned([source], text).work
}

function scanned(sources: readonly string[], text: Buffer): Scan {
  const scan = new Scanner(
    sources.map((source) => ({ source, finds: 'match' })),
    'lines',
  ).begin()
  for (let at = 0; at < text.length; at += 16_384) for (const _ of scan.feed(text.subarray(at, at + 16_384)));
  for (const _ of scan.end());
  return scan
}

function textOf(alphabet: string, count: number): Buffer {
  const dice = new Dice(11)
  const letters = [...alphabet]
  return Buffer.from(Array.from({ length: count }, () => dice.one(letters)).join(''))
}
