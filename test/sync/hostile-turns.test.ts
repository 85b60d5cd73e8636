import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { leafMarks, maxTurnBytes, maxTurns, maxWantedMarks } from '../../node/core/limits.ts'
import type { ItemKind } from '../../node/sync/item.ts'
import type { Mark } from '../../node/sync/mark.ts'
import { type MarkSet, MarkTree } from '../../node/sync/mark-tree.ts'
import { asks, createReconciler, type Summary, summarize } from '../../node/sync/reconciler.ts'
import { decodeTurn, encodeTurn, type Range } from '../../node/sync/turn.ts'
import { aMark, markUnder, someMarks } from './marks.ts'

const kind = 'result'
const fingerprints = (of: (digit: string) => string) => [...'0123456789abcdef'].map(of)
const children = (prefix: string, of: (digit: string) => string = () => 'ee'.repeat(32)): Range => ({
  kind,
  prefix,
  says: 'children',
  fingerprints: fingerprints(of),
})
const lie = { fingerprint: 'ee'.repeat(32) }

/** The honest side, against somebody who says `theirs` in the hello. */
function honest(set: MarkSet, theirs: Summary, first: boolean) {
  return createReconciler(
    new Map([[kind, set]]),
    new Map([[kind, summarize(set)]]),
    new Map([[kind, theirs]]),
    first,
  )
}

describe('a turn on the wire', () => {
  const ranges: readonly Range[] = [
    { kind: 'policy', prefix: '', says: 'whole', marks: [] },
    children('0a', (digit) => (digit === '3' ? '' : digit.repeat(64))),
    { kind, prefix: 'a', says: 'missing', marks: [markUnder('a', 1)] },
    { kind, prefix: 'abc', says: 'whole', marks: [markUnder('abc', 1), markUnder('abc', 2)].sort() },
  ]

  it('reads as what was written', () => {
    expect(decodeTurn(encodeTurn(ranges))).toEqual(ranges)
    expect(decodeTurn(new Uint8Array(0))).toEqual([])
  })

  it.each<[string, readonly Range[]]>([
    ['parts that are not in order', [children('b'), children('a')]],
    ['a part twice', [children('a'), children('a')]],
    ['kinds that are not in order', [children(''), { ...children(''), kind: 'policy' }]],
    [
      'marks that are not in order',
      [{ kind, prefix: '', says: 'whole', marks: someMarks(0, 9).sort().reverse() }],
    ],
    ['a mark twice', [{ kind, prefix: '', says: 'missing', marks: [aMark(1), aMark(1)] }]],
    ['a mark outside its part', [{ kind, prefix: 'a', says: 'whole', marks: [markUnder('b', 1)] }]],
    ['parts of a single mark', [children(aMark(1))]],
    ['a prefix that is longer than a mark', [{ kind, prefix: `${aMark(1)}00`, says: 'whole', marks: [] }]],
  ])('is not one with %s', (_what, ranges) => {
    expect(decodeTurn(encodeTurn(ranges))).toBeUndefined()
  })

  it('has one spelling of a prefix with an odd number of digits', () => {
    const wire = encodeTurn([children('a')])
    expect(wire[3]).toBe(0xa0)
    wire[3] = 0xa1
    expect(decodeTurn(wire)).toBeUndefined()
  })

  test('any bytes are refused or spelled as we would, and never throw', () => {
    const some = encodeTurn(ranges)
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(some.length - 1), fc.nat(255)).map(([at, byte]) => some.with(at, byte)),
      fc.nat(some.length).map((length) => some.slice(0, length)),
    )
    fc.assert(
      fc.property(damaged, (bytes) => {
        const read = decodeTurn(bytes)
        if (read !== undefined) expect(encodeTurn(read)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('does not believe a count: what is not there is not made room for', () => {
    // 2^31 - 1 marks in nine bytes.
    expect(decodeTurn(Uint8Array.of(8, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x07))).toBeUndefined()
  })
})

describe('a member that keeps no rule of reconciliation', () => {
  const large = MarkTree.of(someMarks(0, 5000))

  it.each<[string, Range]>([
    ['a part that nobody asked for', children('3')],
    ['a list where there is a fingerprint', { kind, prefix: '', says: 'missing', marks: [aMark(9999)] }],
    ['a deeper part out of turn', children('31')],
    ['a kind that is not compared', { ...children(''), kind: 'receipt' }],
  ])('is not heard when it says %s', (_what, range) => {
    expect(() => honest(large, lie, false).hear([range])).toThrow(
      expect.objectContaining({ code: 'bad-input' }),
    )
  })

  it('may answer each part once, and in its turn alone', () => {
    const side = honest(large, lie, true)
    side.speak()
    const deeper = [children('0')]
    side.hear(deeper)
    side.speak()
    expect(() => side.hear(deeper)).toThrow(expect.objectContaining({ code: 'bad-input' }))
  })

  it('that lies about every fingerprint makes us list what we have, in bounded turns, and no more', () => {
    const side = honest(large, lie, false)
    let said: readonly Range[] = [children('')]
    let turns = 1
    let largest = 0
    while (asks(said)) {
      // It answers all that it may, with lies: every part differs, and is large.
      side.hear(said)
      const heard = side.speak()
      largest = Math.max(largest, encodeTurn(heard).length)
      turns += 2
      said = heard.flatMap((range): Range[] => {
        if (range.says !== 'children') return []
        return [...'0123456789abcdef'].map((digit) => children(range.prefix + digit))
      })
    }
    expect(turns).toBeLessThan(maxTurns)
    expect(largest).toBeLessThanOrEqual(maxTurnBytes + 1024)
    expect(side.needed().size).toBe(0)
  })

  it('cannot go on for ever about parts where we have little', () => {
    const side = honest(large, lie, false)
    side.hear([children('')])
    for (const range of side.speak()) expect(range.says).toBe('children')
    const parts = [...large.under('0')].length
    expect(parts).toBeGreaterThan(leafMarks)
    side.hear([...'0123456789abcdef'].map((digit) => children(`0${digit}`)))
    const lists = side.speak()
    expect(lists.every(({ says }) => says === 'whole')).toBe(true)
    // After a list only what is missing may come.
    const first = lists[0] as Range
    expect(() => side.hear([children(first.prefix)])).toThrow(expect.objectContaining({ code: 'bad-input' }))
    expect(() => side.hear([children(`${first.prefix}0`)])).toThrow(
      expect.objectContaining({ code: 'bad-input' }),
    )
  })

  it('that claims to have a million items is asked for a bounded number of them', () => {
    const side = honest(new MarkTree(), lie, false)
    const claims = someMarks(0, 40_000).sort()
    side.hear([{ kind, prefix: '', says: 'missing', marks: claims }])
    expect(side.needed().size).toBe(maxWantedMarks)
    expect(side.more).toBe(true)
  })

  it('that has nothing, or says so, is offered a bounded number of ours', () => {
    const side = honest(MarkTree.of(someMarks(0, 40_000)), { marks: [] }, true)
    const [range] = side.speak()
    expect(range?.says === 'missing' ? range.marks.length : 0).toBe(maxWantedMarks)
    expect(side.more).toBe(true)
  })

  it('with marks that begin alike makes a deep tree, not an endless one', () => {
    const alike = Array.from(
      { length: 40 },
      (_, i) => ('f'.repeat(30) + i.toString(16).padStart(2, '0')) as Mark,
    )
    const tree = MarkTree.of([...alike, ...someMarks(0, 10)])
    expect(tree.size).toBe(50)
    const other = new Map<ItemKind, Summary>([[kind, summarize(MarkTree.of(someMarks(0, 100)))]])
    const side = createReconciler(new Map([[kind, tree]]), new Map([[kind, summarize(tree)]]), other, true)
    expect(side.isNeeded).toBe(true)
    expect(side.speak()).toHaveLength(1)
  })
})
