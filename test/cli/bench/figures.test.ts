import { expect, test } from 'vitest'
import { allAnswered, describeMachine, median, milliseconds, perSecond } from '../../../cli/bench/figures.ts'

test('the median is the one in the middle, in whatever order they came, and none of nothing', () => {
  const values = [30, 10, 20]
  expect(median(values)).toBe(20)
  expect(values).toEqual([30, 10, 20])
  expect(median([100, 9])).toBe(100)
  expect(median([])).toBeNaN()
})

test('milliseconds have one digit behind the point where there are few', () => {
  expect([0, 1.26, 9.94, 10, 2355.4].map(milliseconds)).toEqual([
    '0.0 ms',
    '1.3 ms',
    '9.9 ms',
    '10 ms',
    '2355 ms',
  ])
})

test('a rate is of the best of three runs, each at least as long as it is told', async () => {
  let runs = 0
  const started = performance.now()
  const rate = await perSecond(() => {
    runs++
    return new Promise((resolve) => setTimeout(resolve, 5))
  }, 20)
  const tookMs = performance.now() - started
  expect(tookMs).toBeGreaterThanOrEqual(60)
  expect(rate).toMatch(/^[\d,]+ \/s$/)
  const shown = Number(rate.replace(/\D/g, ''))
  // The best is no worse than what came of all three together, and a timer of 5 ms does not ring oftener than every 4.
  expect(shown).toBeGreaterThanOrEqual(Math.floor((runs * 1000) / tookMs))
  expect(shown).toBeLessThanOrEqual(250)
})

test('a round in which somebody refused, failed or was not expected is no figure', () => {
  expect(() => allAnswered({ expected: 3, answered: 3 }, 3)).not.toThrow()
  for (const [expected, answered] of [
    [3, 2],
    [2, 2],
    [4, 4],
    [0, 0],
  ] as const)
    expect(() => allAnswered({ expected, answered }, 3)).toThrow(`${answered} of ${expected}`)
})

test('the machine is named in one line', () => {
  expect(describeMachine()).toMatch(/^.+, \d+ cores, \d+ GB, Node \d+\.\d+\.\d+, \w+ \w+$/)
})
