import { createHash, type Hash } from 'node:crypto'
import type { Scan } from '../scan/scan.ts'
import type { HashAlgorithm } from './check.ts'
import type { ContentScanners } from './content-scanners.ts'
import { ByteCounts } from './criteria/entropy.ts'
import type { DataQuery } from './data-query.ts'
import type { LineTest } from './line-test.ts'

/** Takes the bytes of one file, as they are or decoded, once for all searches that want them. */
export class DataStream {
  readonly #queries: readonly DataQuery[]
  readonly #hashers = new Map<HashAlgorithm, Hash>()
  /** By number of the pattern in the scan. */
  readonly #tests: readonly { readonly query: DataQuery; readonly test: LineTest }[]
  readonly #open: Set<number>
  /** Those of which lines are still counted, be they found or not. */
  readonly #counted: Set<number>
  readonly #scan: Scan
  #counts: ByteCounts | undefined
  #hasLines = false
  #isClosed = false

  constructor(queries: readonly DataQuery[], scanners: ContentScanners) {
    this.#queries = queries
    this.#tests = queries.flatMap((query) => query.tests.map((test) => ({ query, test })))
    this.#open = new Set(this.#tests.keys())
    this.#counted = new Set(
      [...this.#open].filter((number) => this.#tests[number]?.test.check.counts === true),
    )
    this.#scan = scanners.begin(queries)
    if (queries.some(wantsEntropy)) this.#counts = new ByteCounts()
    for (const query of queries) {
      for (const algorithm of query.algorithms) {
        if (!this.#hashers.has(algorithm)) this.#hashers.set(algorithm, createHash(algorithm))
      }
    }
  }

  /** Is everything known that more bytes could tell? */
  get isDone(): boolean {
    return !this.#isScanning && this.#hashers.size === 0 && this.#counts === undefined
  }

  get #isScanning(): boolean {
    return this.#open.size > 0 || this.#counted.size > 0
  }

  /** Takes the next bytes; yields where the event loop may have its turn. */
  *push(chunk: Buffer): Generator<void, void> {
    for (const hasher of this.#hashers.values()) hasher.update(chunk)
    this.#counts?.add(chunk)
    if (chunk.length > 0) this.#hasLines = true
    if (!this.#isScanning) return
    yield* this.#scan.feed(chunk)
    this.#takeFound()
  }

  /** The bytes have come to their end. */
  *end(): Generator<void, void> {
    if (this.#isScanning) {
      yield* this.#scan.end()
      this.#takeFound()
    }
    for (const number of this.#open) this.#tests[number]?.test.end(this.#hasLines)
    this.#takeLines(true)
    const hashes = new Map([...this.#hashers].map(([algorithm, hasher]) => [algorithm, hasher.digest('hex')]))
    const entropy = this.#counts?.entropy()
    for (const query of this.#queries) {
      query.hashes = hashes
      query.entropy = entropy
    }
    this.#close()
  }

  /** The bytes cannot be seen to their end: what is not certain yet stays unknown. */
  abandon(): void {
    if (this.#isClosed) return
    this.#takeFound()
    this.#takeLines(false)
    this.#close()
  }

  #takeFound(): void {
    const news = [...this.#scan.found.keys()].filter((number) => this.#open.delete(number))
    if (news.length === 0) return
    for (const number of news) {
      const { query, test } = this.#tests[number] as { query: DataQuery; test: LineTest }
      test.found()
      if (query.plan.matchAll && test.verdict === false) query.isLost = true
    }
    for (const number of [...this.#open, ...this.#counted]) {
      if (this.#tests[number]?.query.isLost !== true) continue
      this.#open.delete(number)
      this.#counted.delete(number)
      this.#scan.drop(number)
    }
    const wanted = new Set(
      this.#queries.filter((query) => !query.isLost).flatMap((query) => [...query.algorithms]),
    )
    for (const algorithm of this.#hashers.keys()) if (!wanted.has(algorithm)) this.#hashers.delete(algorithm)
    if (!this.#queries.some((query) => !query.isLost && wantsEntropy(query))) this.#counts = undefined
  }

  /** Copies: the scan will be used again. */
  #takeLines(isWhole: boolean): void {
    for (const number of this.#counted) {
      const { count, places } = this.#scan.linesOf(number)
      const { test } = this.#tests[number] as { test: LineTest }
      test.lines = { count, places: [...places], isWhole }
    }
  }

  #close(): void {
    this.#isClosed = true
    this.#scan.close()
    this.#open.clear()
    this.#counted.clear()
    this.#hashers.clear()
    this.#counts = undefined
  }
}

function wantsEntropy({ plan }: DataQuery): boolean {
  return plan.entropies.length > 0
}
