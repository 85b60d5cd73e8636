import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../node/core/nearest.ts'

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['netstat', 'netsatt', 1],
  ['file', 'fiel', 1],
  ['kitten', 'sitting', 3],
])('from %j to %j it is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
  expect(editDistance(b, a)).toBe(distance)
})

test('finds the word that was meant, and none when nothing is near', () => {
  expect(nearest('nestat', ['file', 'netstat'])).toBe('netstat')
  expect(nearest('FILE', ['file', 'netstat'])).toBe('file')
  expect(nearest('yara', ['file', 'netstat'])).toBeUndefined()
  expect(nearest('x'.repeat(1e6), ['file'])).toBeUndefined()
})
