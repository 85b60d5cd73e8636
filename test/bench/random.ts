/** Numbers that a seed decides: 32 bits of state are enough for corpora (mulberry32, Tommy Ettinger, public domain). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to 1, which it never is. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to `end`, which it never is. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** Log-normal: half of all are below `median`, 1 % above `p99`. */
  logNormal(median: number, p99: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
    return median * Math.exp((Math.log(p99 / median) / 2.326) * normal)
  }
}
