import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { foldSet } from '../../../modules/scan/syntax/case-folding.ts'

describe('case folding', () => {
  test('folds every character with a case to what re2js folds it to', () => {
    const cased = [...Array(0x1f000).keys()].filter((point) => {
      const text = String.fromCodePoint(point)
      return text.toUpperCase() !== text || text.toLowerCase() !== text
    })
    const all = cased.map((point) => String.fromCodePoint(point)).join('')
    const wrong: string[] = []
    for (const point of cased) {
      const found: number[] = []
      const matcher = RE2JS.compile(`(?i)\\x{${point.toString(16)}}`).matcher(all)
      while (matcher.find()) found.push(all.codePointAt(matcher.start()) as number)
      if (pointsOf(foldSet([point, point])).join() !== found.join()) wrong.push(point.toString(16))
    }
    expect(wrong).toEqual([])
    expect(cased.length).toBeGreaterThan(2800)
  }, 60_000)

  test('folds k to the Kelvin sign and s to the long s, also from a set within ASCII', () => {
    expect(pointsOf(foldSet([0x6b, 0x6b]))).toEqual([0x4b, 0x6b, 0x212a])
    expect(pointsOf(foldSet([0x53, 0x53]))).toEqual([0x53, 0x73, 0x17f])
    expect(pointsOf(foldSet([0x212a, 0x212a]))).toEqual([0x4b, 0x6b, 0x212a])
  })
})

function pointsOf(set: readonly number[]): number[] {
  const points: number[] = []
  for (let i = 0; i < set.length; i += 2) {
    for (let point = set[i] as number; point <= (set[i + 1] as number); point++) points.push(point)
  }
  return points
}
