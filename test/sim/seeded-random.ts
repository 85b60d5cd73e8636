import type { Random } from '../../node/core/clock.ts'

/** Randomness that a seed gives again, with what plans and schedulers draw from it. Nothing secret may come of it. */
export interface SeededRandom extends Random {
  /** 0 ≤ n < below. */
  below(below: number): number
  /** min ≤ x < max. */
  between(min: number, max: number): number
  isHit(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by a string hash.
 *  @param label so that one seed gives independent streams */
export function seededRandom(seed: number, label: string): SeededRandom {
  let [a, b, c] = [0x9e3779b9 ^ seed, 0x243f6a88, 0xb7e15162]
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  for (const char of label) {
    a = (a ^ (char.codePointAt(0) ?? 0)) | 0
    next()
  }
  for (let n = 0; n < 15; n++) next()
  const fraction = () => next() / 2 ** 32
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
    fraction,
    below: (below) => Math.floor(fraction() * below),
    between: (min, max) => min + fraction() * (max - min),
    isHit: (probability) => fraction() < probability,
    pick(from) {
      const picked = from[Math.floor(fraction() * from.length)]
      if (picked === undefined) throw new RangeError('nothing to pick from')
      return picked
    },
  }
}
