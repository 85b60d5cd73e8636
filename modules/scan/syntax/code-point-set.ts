/** Code points as sorted, disjoint ranges that do not touch, flat: first, last, first, last … */
export type CodePointSet = readonly number[]

export const maxCodePoint = 0x10ffff

/** What Go reads for each byte that is not part of valid UTF-8. */
export const replacementPoint = 0xfffd

export const emptySet: CodePointSet = []

/** @param ranges first and last of each, in any order, overlapping or not */
export function normaliseSet(ranges: CodePointSet): CodePointSet {
  if (ranges.length <= 2) return ranges
  const pairs: [number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number])
  pairs.sort((a, b) => a[0] - b[0])
  const result: number[] = []
  for (const [first, last] of pairs) {
    const end = result.at(-1)
    if (end === undefined || first > end + 1) result.push(first, last)
    else if (last > end) result[result.length - 1] = last
  }
  return result
}

/** All code points up to `max` that are not in the set. */
export function negateSet(set: CodePointSet, max: number): CodePointSet {
  const result: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    if ((set[i] as number) > next) result.push(next, (set[i] as number) - 1)
    next = (set[i + 1] as number) + 1
  }
  if (next <= max) result.push(next, max)
  return result
}

/** How many code points the set holds. */
export function sizeOfSet(set: CodePointSet): number {
  let size = 0
  for (let i = 0; i < set.length; i += 2) size += (set[i + 1] as number) - (set[i] as number) + 1
  return size
}
