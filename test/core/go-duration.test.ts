import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatGoDuration, parseGoDuration } from '../../node/core/go-duration.ts'

test.each([
  ['1h30m', 5_400_000], // DU01
  ['+3m', 180_000], // DU06
  ['300s', 300_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['-5s', -5000],
  ['100us', 0.1],
  ['100µs', 0.1],
  ['1ns', 0.000001],
  ['0', 0],
  ['-0', 0],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['1d12h', 129_600_000],
])('reads %s', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms)
})

test.each([
  ['300', 'time: missing unit in duration "300"'], // DU09
  ['5', 'time: missing unit in duration "5"'],
  ['1H', 'time: unknown unit "H" in duration "1H"'], // DU11
  ['1m5', 'time: missing unit in duration "1m5"'],
  ['bad', 'time: invalid duration "bad"'],
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['.s', 'time: invalid duration ".s"'],
  ['1s-', 'time: unknown unit "s-" in duration "1s-"'],
  [' 1s', 'time: invalid duration " 1s"'],
  ['--1s', 'time: invalid duration "--1s"'],
  ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
  ['300y', 'time: unknown unit "y" in duration "300y"'],
  ['2562048h', 'time: invalid duration "2562048h"'],
])('refuses %j as Go does', (text, message) => {
  expect(() => parseGoDuration(text)).toThrow(expect.objectContaining({ code: 'bad-duration', message }))
})

test('takes the largest duration that Go takes', () => {
  expect(parseGoDuration('2562047h')).toBe(2_562_047 * 3_600_000)
})

test.each([
  [0, '0s'],
  [0.000001, '1ns'],
  [0.0125, '12.5µs'],
  [5.83, '5.83ms'],
  [1000, '1s'],
  [65_000, '1m5s'],
  [3_600_000, '1h0m0s'],
  [-1500, '-1.5s'],
])('prints %d ms as Go does', (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text)
})

test('reads back what it prints', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (microseconds) => {
      expect(parseGoDuration(formatGoDuration(microseconds / 1000))).toBeCloseTo(microseconds / 1000, 3)
    }),
  )
})
