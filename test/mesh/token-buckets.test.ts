import { expect, test } from 'vitest'
import { TokenBuckets } from '../../node/mesh/token-buckets.ts'

test('a name may burst, then goes at its rate, and others are not affected', () => {
  let nowMs = 0
  const buckets = new TokenBuckets({ perMinute: 60, burst: 3, maxNames: 10 }, () => nowMs)
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([true, true, true, false])
  expect(buckets.take('b')).toBe(true)
  nowMs = 999
  expect(buckets.take('a')).toBe(false)
  nowMs = 1001
  expect([buckets.take('a'), buckets.take('a')]).toEqual([true, false])
  nowMs = 3_600_000
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([true, true, true, false])
})

test('names beyond the bound are forgotten, the least used first', () => {
  const buckets = new TokenBuckets({ perMinute: 1, burst: 1, maxNames: 2 }, () => 0)
  expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([true, true, false])
  expect(buckets.take('c')).toBe(true) // b goes
  expect([buckets.take('a'), buckets.take('b')]).toEqual([false, true])
})
