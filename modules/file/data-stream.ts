import { createHash, type Hash } from 'node:crypto'
import { maxLineBytes } from '../../node/core/limits.ts'
import type { DataQuery } from './data-query.ts'
import { decodeLossy } from './decode-lossy.ts'
import { type Line, LineSplitter } from './line-splitter.ts'
import type { LineTest } from './line-test.ts'
import type { HashAlgorithm } from './search-plan.ts'

/** Pattern tests between two breaths, counted in bytes of text. */
const bytesBetweenBreaths = 64 * 1024
/** A test costs something on an empty line too. */
const bytesOfAnyTest = 32

/** Takes the bytes of one file, as they are or decoded, once for all searches that want them. */
export class DataStream {
  readonly #queries: readonly DataQuery[]
  readonly #lines = new LineSplitter(maxLineBytes)
  readonly #hashers = new Map<HashAlgorithm, Hash>()
  #open: { readonly query: DataQuery; readonly test: LineTest }[]
  #hasLines = false
  #testedBytes = 0
  hasCutLine = false

  constructor(queries: readonly DataQuery[]) {
    this.#queries = queries
    this.#open = queries.flatMap((query) => query.tests.map((test) => ({ query, test })))
    for (const query of queries) {
      for (const algorithm of query.algorithms) {
        if (!this.#hashers.has(algorithm)) this.#hashers.set(algorithm, createHash(algorithm))
      }
    }
  }

  /** Is everything known that more bytes could tell? */
  get isDone(): boolean {
    return this.#open.length === 0 && this.#hashers.size === 0
  }

  /** Takes the next bytes; yields where the event loop may have its turn. */
  *push(chunk: Buffer): Generator<void, void> {
    for (const hasher of this.#hashers.values()) hasher.update(chunk)
    if (this.#open.length > 0) yield* this.#test(this.#lines.push(chunk))
  }

  /** The bytes have come to their end. */
  *end(): Generator<void, void> {
    yield* this.#test(this.#lines.end())
    for (const { test } of this.#open) test.end(this.#hasLines)
    const hashes = new Map([...this.#hashers].map(([algorithm, hasher]) => [algorithm, hasher.digest('hex')]))
    for (const query of this.#queries) query.hashes = hashes
    this.#open = []
    this.#hashers.clear()
  }

  /** The bytes cannot be seen to their end: what is not certain yet stays unknown. */
  abandon(): void {
    this.#open = []
    this.#hashers.clear()
  }

  *#test(lines: Iterable<Line>): Generator<void, void> {
    for (const { bytes, whole } of lines) {
      this.#hasLines = true
      this.hasCutLine ||= !whole
      const text = decodeLossy(bytes)
      for (const { test } of this.#open) {
        if (whole) test.line(text)
        else test.beginningOfLine(text)
        this.#testedBytes += bytes.length + bytesOfAnyTest
        if (this.#testedBytes < bytesBetweenBreaths) continue
        this.#testedBytes = 0
        yield
      }
      if (this.#open.some(({ test }) => test.verdict !== undefined)) this.#dropDecided()
      if (this.#open.length === 0) return
    }
  }

  #dropDecided(): void {
    for (const { query, test } of this.#open) {
      if (query.plan.matchAll && test.verdict === false) query.isLost = true
    }
    this.#open = this.#open.filter(({ query, test }) => !query.isLost && test.verdict === undefined)
    const wanted = new Set(
      this.#queries.filter((query) => !query.isLost).flatMap((query) => [...query.algorithms]),
    )
    for (const algorithm of this.#hashers.keys()) if (!wanted.has(algorithm)) this.#hashers.delete(algorithm)
  }
}
