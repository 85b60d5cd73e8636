import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxWantedMarks } from '../../node/core/limits.ts'
import type { Mark } from '../../node/sync/mark.ts'
import { MarkTree } from '../../node/sync/mark-tree.ts'
import { aMark, markUnder, someMarks } from './marks.ts'
import { converge, reconcile } from './reconcile.ts'

/** A set as a base that both sides have, and what each has beside it; sometimes with long common beginnings. */
const someSets = fc
  .record({
    common: fc.nat(3000),
    left: fc.uniqueArray(fc.nat(1000), { maxLength: 300, size: 'max' }),
    right: fc.uniqueArray(fc.nat(1000), { maxLength: 300, size: 'max' }),
    prefix: fc.constantFrom('', '', '7', '0123456789'),
  })
  .map(({ common, left, right, prefix }) => {
    const own = (number: number) => (prefix === '' ? aMark(5000 + number) : markUnder(prefix, 5000 + number))
    const base = someMarks(0, common)
    return { left: [...base, ...left.map(own)], right: [...base, ...right.map(own)] }
  })
const all = (tree: MarkTree) => [...tree.under('')]
const minus = (a: readonly Mark[], b: readonly Mark[]) => {
  const without = new Set(b)
  return [...new Set(a.filter((mark) => !without.has(mark)))].sort()
}
const sorted = (marks: ReadonlySet<Mark>) => [...marks].sort()

describe('reconciliation', () => {
  test('finds on each side exactly what only the other has, whoever opens', () => {
    fc.assert(
      fc.property(someSets, ({ left, right }) => {
        const [a, b] = [MarkTree.of(left), MarkTree.of(right)]
        for (const { opener, other } of [
          reconcile(a, b),
          ((found) => ({ opener: found.other, other: found.opener }))(reconcile(b, a)),
        ]) {
          expect(sorted(opener)).toEqual(minus(right, left))
          expect(sorted(other)).toEqual(minus(left, right))
        }
        // Looking changed neither.
        expect(all(a)).toEqual(minus(left, []))
      }),
      { numRuns: 60 },
    )
  })

  test('ends with the same union on both sides; a repeat finds nothing and says nothing', () => {
    fc.assert(
      fc.property(someSets, ({ left, right }) => {
        const [a, b] = [MarkTree.of(left), MarkTree.of(right)]
        expect(converge(a, b)).toBe(1)
        expect(all(a)).toEqual(minus([...left, ...right], []))
        expect(a.fingerprint('')).toBe(b.fingerprint(''))
        const again = reconcile(a, b)
        expect([again.opener.size, again.other.size, again.turns, again.more]).toEqual([0, 0, 0, false])
      }),
      { numRuns: 60 },
    )
  })

  test('between any number of nodes, in any order of meetings, all end alike', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.nat(300), { maxLength: 120, size: 'max' }), {
          minLength: 3,
          maxLength: 5,
        }),
        fc.infiniteStream(fc.tuple(fc.nat(4), fc.nat(4))),
        (contents, meetings) => {
          const nodes = contents.map((numbers) => MarkTree.of(numbers.map(aMark)))
          const union = minus(
            contents.flat().map((number) => aMark(number)),
            [],
          )
          let met = 0
          for (const [i, j] of meetings) {
            const [a, b] = [nodes[i % nodes.length] as MarkTree, nodes[j % nodes.length] as MarkTree]
            if (a !== b) converge(a, b)
            if (nodes.every((node) => node.size === union.length)) break
            if (++met > 500) throw new Error('they never agree')
          }
          for (const node of nodes) expect(all(node)).toEqual(union)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('costs in proportion to the difference: at most 3 KB each, in at most nine turns, of ever so many items', () => {
    const base = someMarks(0, 100_000)
    const [a, b] = [MarkTree.of(base), MarkTree.of(base)]
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 200 }), (numbers) => {
        const own = numbers.map((number) => aMark(200_000 + number))
        const [half, rest] = [own.filter((_, i) => i % 2 === 0), own.filter((_, i) => i % 2 === 1)]
        for (const mark of half) a.add(mark)
        for (const mark of rest) b.add(mark)
        const found = reconcile(a, b)
        expect(found.opener.size + found.other.size).toBe(own.length)
        expect(found.bytes).toBeLessThan(3000 * own.length)
        expect(found.turns).toBeLessThanOrEqual(9)
        for (const mark of half) a.remove(mark)
        for (const mark of rest) b.remove(mark)
      }),
      { numRuns: 30 },
    )
  })

  test('of an empty and a large set costs little more than the marks themselves, in sessions that each clear a stretch', () => {
    const marks = someMarks(0, 100_000)
    const [a, b] = [new MarkTree(), MarkTree.of(marks)]
    const first = reconcile(a, b)
    expect(first.opener.size).toBe(maxWantedMarks)
    expect(first.more).toBe(true)
    expect(first.bytes).toBeLessThan(17 * maxWantedMarks)
    expect(converge(a, b)).toBe(Math.ceil(marks.length / maxWantedMarks))
    expect(a.fingerprint('')).toBe(b.fingerprint(''))
  })

  test('of two large sets that have nothing in common ends, too', () => {
    const [a, b] = [MarkTree.of(someMarks(0, 40_000)), MarkTree.of(someMarks(50_000, 90_000))]
    const sessions = converge(a, b)
    expect(a.size).toBe(80_000)
    expect(a.fingerprint('')).toBe(b.fingerprint(''))
    // Each session clears at least a tenth of what one may carry.
    expect(sessions).toBeLessThan(10 * Math.ceil(40_000 / maxWantedMarks))
  })

  test('of small sets needs no turn at all', () => {
    const found = reconcile(MarkTree.of(someMarks(0, 30)), MarkTree.of(someMarks(20, 50)))
    expect(found.turns).toBe(0)
    expect(sorted(found.opener)).toEqual(someMarks(30, 50).sort())
    expect(sorted(found.other)).toEqual(someMarks(0, 20).sort())
  })
})
