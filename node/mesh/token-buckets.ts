/** A rate for each of many names: a full bucket holds `burst` tokens and refills with `perMinute` a minute. */
export class TokenBuckets {
  readonly #perMs: number
  readonly #burst: number
  readonly #maxNames: number
  readonly #nowMs: () => number
  /** Ordered by last use: the first is the one to forget. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(options: { perMinute: number; burst: number; maxNames: number }, nowMs: () => number) {
    this.#perMs = options.perMinute / 60_000
    this.#burst = options.burst
    this.#maxNames = options.maxNames
    this.#nowMs = nowMs
  }

  /** Takes one token; false when the name is over its rate. */
  take(name: string): boolean {
    const nowMs = this.#nowMs()
    const bucket = this.#buckets.get(name)
    const tokens =
      bucket === undefined
        ? this.#burst
        : Math.min(this.#burst, bucket.tokens + (nowMs - bucket.atMs) * this.#perMs)
    const granted = tokens >= 1
    this.#buckets.delete(name)
    this.#buckets.set(name, { tokens: granted ? tokens - 1 : tokens, atMs: nowMs })
    if (this.#buckets.size > this.#maxNames) {
      const oldest = this.#buckets.keys().next().value
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return granted
  }
}
