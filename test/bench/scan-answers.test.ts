import { describe, expect, it } from 'vitest'
import { ratioOf } from './cost.ts'
import { sameHits } from './measure.ts'
import { readAnswer } from './module-events.ts'
import { withScanTables } from './scan-table.ts'
import { waiting } from './waiting.ts'

const end = (rest: object = {}) =>
  `${JSON.stringify({ end: { statistics: null, truncated: false, ...rest } })}\n`
const finding = (element: object, found = true) =>
  `${JSON.stringify({ finding: { found, group: ['s'], element: { fileinfo: {}, ...element } } })}\n`
const aCase = { number: 9, what: 'literal' }

describe('reading what a module host says', () => {
  it('takes each place once, byte for byte, and no misses', () => {
    const rawfile = Buffer.from('/a/\xff', 'latin1').toString('base64')
    const stream = Buffer.from(
      finding({ file: '/a/é' }) +
        finding({ file: '/a/é' }) +
        finding({ file: '/a/\\xff', rawfile }) +
        finding({ file: '/a.jar', entry: ['b.jar', 'c'] }) +
        finding({ file: '' }, false) +
        end(),
    ).toString('latin1')
    expect(readAnswer(stream, {}).hits).toEqual(['/a/\xc3\xa9', '/a/\xff', '/a.jar!/b.jar!/c'])
  })

  it('refuses a run that failed, was cut, has no end or could not see something', () => {
    const problem = `${JSON.stringify({ problem: { code: 'permission-denied', about: '/x' } })}\n`
    for (const stream of [
      end({ failure: 'internal' }),
      end({ truncated: true }),
      finding({ file: '/a' }),
      problem + end(),
    ])
      expect(() => readAnswer(stream, {})).toThrow(Error)
    expect(readAnswer(problem + end(), { mayComplain: true }).problems).toEqual(['permission-denied /x'])
  })
})

describe('comparing hits', () => {
  it('takes the same places in any order, and says what one of the two has alone', () => {
    expect(() => sameHits(aCase, 'rg', ['/a', '/b'], ['/b', '/a'])).not.toThrow()
    expect(() => sameHits(aCase, 'rg', ['/a', '/b'], ['/b'])).toThrow(/only ours has 1 \(\/a\)/)
    expect(() => sameHits(aCase, 'rg', ['/a'], ['/a', '/c'])).toThrow(/only rg has 1 \(\/c\)/)
  })

  it('compares counts where the peer says no places', () => {
    const counted = { ...aCase, compare: 'count' } as const
    expect(() => sameHits(counted, 'grep', ['/a', '/b'], ['2'])).not.toThrow()
    expect(() => sameHits(counted, 'grep', ['/a', '/b'], ['3'])).toThrow(/ours 2 hits, grep 3/)
  })
})

it('takes ratios pair by pair', () => {
  const costs = (...all: number[]) => all.map((wallMs) => ({ wallMs, cpuMs: 0, peakMb: 0 }))
  expect(ratioOf(costs(1, 4, 9), costs(2, 2, 3), ({ wallMs }) => wallMs)).toEqual({
    median: 2,
    min: 0.5,
    max: 3,
  })
})

it('puts the tables in the place of the old ones and touches nothing else of the page', () => {
  const page = withScanTables('# Benchmarks\n\nmine\n', 'old\n')
  expect(page).toContain('## Scanning')
  const next = withScanTables(`${page}\nafter\n`, 'new\n')
  expect(next).toBe(`${page}\nafter\n`.replace('old\n', 'new\n'))
})

it('gives a reason for each case that it does not measure', () => {
  for (const { why } of waiting) expect(why.length).toBeGreaterThan(5)
  expect(waiting.flatMap(({ numbers }) => numbers)).toEqual([31, 32, 33, 34, 35, 36, 38, 40])
})
