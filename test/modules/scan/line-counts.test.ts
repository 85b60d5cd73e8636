import { describe, expect, test } from 'vitest'
import { Scanner } from '../../../modules/scan/scanner.ts'
import { maxHeldLineBytes } from '../../../node/core/limits.ts'
import { goLines } from './go-lines.ts'
import { Dice } from './random-pattern.ts'

describe.each(['auto', 'off'] as const)('lines that are counted, kernels %s', (kernels) => {
  test('are those of the oracle, in long pieces, with literals that are rare, common and everywhere', () => {
    const dice = new Dice(21)
    const sources = [
      'needle',
      '(?i)NEEDLE|rare',
      'need.*e$',
      'common.*[0-5]$',
      '^[a-h]+$',
      '.',
      'x*',
      'aaaa',
      'a{3}[^a]',
      '[0-9]{4}',
      '\\bno\\b',
    ]
    let most = 0
    for (let round = 0; round < 6; round++) {
      const lines = Array.from({ length: 6000 }, () => {
        const kind = dice.below(12)
        if (kind === 0) return `common ${dice.below(1000)}`
        if (kind === 1) return 'a'.repeat(dice.below(90))
        if (kind === 2 && dice.below(20) === 0) return 'some needle and a needle here'
        if (kind === 3) return `no ${dice.below(100000)}\r`
        return Array.from({ length: dice.below(9) }, () => dice.one([...'abcdefgh'])).join('')
      })
      const text = Buffer.from(lines.join('\n') + dice.one(['', '\n']))
      const size = dice.one([1000, 30_000, 1_000_000])
      const some = sources.filter(() => dice.below(3) > 0)
      const told = countsOf(some, text, size, kernels)
      for (const [i, source] of some.entries()) {
        const says = goLines(source, text)
        expect(told[i]?.count, source).toBe(says.filter((line) => line).length)
        const numbers = [...says.keys()].filter((line) => says[line]).map((line) => line + 1)
        expect(told[i]?.places.map(({ line }) => line)).toEqual(numbers.slice(0, 5))
        most = Math.max(most, numbers.length)
      }
    }
    expect(most).toBeGreaterThan(5000)
  }, 60_000)

  test('have their number and their first byte, however long they are', () => {
    const long = Buffer.alloc(2 * maxHeldLineBytes, 'x')
    long.write('needle', maxHeldLineBytes)
    long.write('needle', 2 * maxHeldLineBytes - 10)
    const text = Buffer.concat([Buffer.from('first needle\n\n'), long, Buffer.from('\nneedle\nlast needle')])
    const places = [
      { line: 1, offset: 0 },
      { line: 3, offset: 14 },
      { line: 4, offset: 14 + long.length + 1 },
      { line: 5, offset: 14 + long.length + 8 },
    ]
    for (const size of [64 * 1024 + 1, text.length]) {
      for (const told of countsOf(['needle', 'ne{2}.le', '[m-o]e+dle'], text, size, kernels))
        expect(told).toEqual({ count: 4, places })
    }
  })

  test('of an automaton that explodes are counted all the same', () => {
    const line = (end: string): string => `${'ab'.repeat(300)}b${'ba'.repeat(100)}${end}`
    const text = Buffer.from([line('c'), line('d'), line('c'), line('c'), 'b'].join('\n'))
    const [told] = countsOf(['(a|b)*b(a|b){200}c'], text, 1000, kernels)
    expect(told?.places.map(({ line }) => line)).toEqual([1, 3, 4])
  })

  test('take work that is linear in the text, on a line where each byte matches', () => {
    const workOn = (bytes: number): number => {
      const scanner = new Scanner(
        ['a', 'a+b|a', 'a*'].map((source) => ({ source, finds: 'match', reports: 'lines' })),
        'lines',
        { kernels, maxPlaces: 5 },
      )
      const scan = scanner.begin()
      run(scan.feed(Buffer.alloc(bytes, 'a')))
      run(scan.end())
      expect(scan.linesOf(0).count).toBe(1)
      return scan.work
    }
    expect(workOn(400_000) / workOn(200_000)).toBeLessThanOrEqual(2.2)
  })

  test('are not counted beyond what is asked for one by one, nor where nothing was asked', () => {
    const scanner = new Scanner(
      [
        { source: 'a', finds: 'match', reports: 'lines' },
        { source: 'b', finds: 'match' },
      ],
      'lines',
      { kernels },
    )
    const scan = scanner.begin()
    run(scan.whole(Buffer.from('a\nab\na')))
    expect(scan.linesOf(0)).toMatchObject({ count: 3, places: [] })
    expect(scan.linesOf(1)).toEqual({ count: 0, places: [] })
    expect([...scan.found].sort()).toEqual([
      [0, 0],
      [1, 2],
    ])
  })
})

interface Told {
  readonly count: number
  readonly places: readonly { readonly line: number; readonly offset: number }[]
}

function countsOf(
  sources: readonly string[],
  text: Buffer,
  chunkBytes: number,
  kernels: 'auto' | 'off',
): readonly Told[] {
  const scanner = new Scanner(
    sources.map((source) => ({ source, finds: 'match', reports: 'lines' })),
    'lines',
    { kernels, maxPlaces: 5 },
  )
  const scan = scanner.begin()
  for (let at = 0; at < text.length; at += chunkBytes) run(scan.feed(text.subarray(at, at + chunkBytes)))
  run(scan.end())
  return sources.map((_, pattern) => {
    const { count, places } = scan.linesOf(pattern)
    return { count, places }
  })
}

function run(work: Iterable<void>): void {
  for (const _ of work);
}
