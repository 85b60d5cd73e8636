import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { formatInstant, parseInstant, plusSeconds } from '../../node/core/instant.ts'

test('reads and prints whole seconds in UTC', () => {
  expect(parseInstant('1970-01-01T00:00:00Z')).toBe(0)
  expect(parseInstant('2026-11-24T05:00:00Z')).toBe(1_795_496_400_000)
  expect(parseInstant('2024-02-29T23:59:59Z')).toBe(Date.UTC(2024, 1, 29, 23, 59, 59))
  expect(formatInstant(1_795_496_400_999 as Instant)).toBe('2026-11-24T05:00:00Z')
  expect(formatInstant(-1 as Instant)).toBe('1969-12-31T23:59:59Z')
  expect(formatInstant(plusSeconds(0 as Instant, 90))).toBe('1970-01-01T00:01:30Z')
})

test.each([
  '',
  '2026-11-24',
  '2026-11-24T05:00Z',
  '2026-11-24T05:00:00',
  '2026-11-24T05:00:00.000Z',
  '2026-11-24T05:00:00+00:00',
  '2026-11-24t05:00:00z',
  '2026-11-24 05:00:00Z',
  ' 2026-11-24T05:00:00Z',
  '2026-11-24T05:00:00Z\n',
  '2026-13-01T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T23:59:60Z',
  '2026-11-24T25:00:00Z',
  '+002026-11-24T05:00:00Z',
  '٢٠٢٦-11-24T05:00:00Z',
])('reads no time from %j', (text) => {
  expect(parseInstant(text)).toBeUndefined()
})

test('reads back every second that it prints, and prints what it read', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
      const text = formatInstant((seconds * 1000) as Instant)
      expect(parseInstant(text)).toBe(seconds * 1000)
    }),
  )
})
