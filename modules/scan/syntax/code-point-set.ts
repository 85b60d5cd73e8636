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

/** How many of the sorted numbers are at most `limit`. */
export function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

export function containsPoint(set: CodePointSet, point: number): boolean {
  if (set.length === 2) return point >= (set[0] as number) && point <= (set[1] as number)
  // An odd number of bounds within a range, or its last character.
  const bounds = countUpTo(set, point)
  return (bounds & 1) === 1 || (bounds > 0 && set[bounds - 1] === point)
}

/** How many code points the set holds. */
export function sizeOfSet(set: CodePointSet): number {
  let size = 0
  for (let i = 0; i < set.length; i += 2) size += (set[i + 1] as number) - (set[i] as number) + 1
  return size
}
