import { createHash, type Hash } from 'node:crypto'
import type { TextKind } from '../scan/program/text-kind.ts'
import type { HashAlgorithm } from './check.ts'
import type { ContentScanners } from './content-scanners.ts'
import { ByteCounts } from './criteria/entropy.ts'
import type { DataQuery } from './data-query.ts'
import { PatternPass } from './pattern-pass.ts'

const textKinds: readonly TextKind[] = ['lines', 'text', 'bytes']

/** Takes the bytes of one file, as they are or decoded, once for all searches that want them. */
export class DataStream {
  readonly #queries: readonly DataQuery[]
  readonly #hashers = new Map<HashAlgorithm, Hash>()
  readonly #passes: readonly PatternPass[]
  #counts: ByteCounts | undefined
  #hasLines = false
  #isClosed = false

  constructor(queries: readonly DataQuery[], scanners: ContentScanners) {
    this.#queries = queries
    this.#passes = textKinds.flatMap((text) => {
      const tests = queries.flatMap((query) =>
        query.tests.filter((test) => test.check.text === text).map((test) => ({ query, test })),
      )
      return tests.length === 0 ? [] : [new PatternPass(tests, scanners.begin(queries, text))]
    })
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
    return this.#passes.some((pass) => !pass.isDone)
  }

  /** Takes the next bytes; yields where the event loop may have its turn. */
  *push(chunk: Buffer): Generator<void, void> {
    for (const hasher of this.#hashers.values()) hasher.update(chunk)
    this.#counts?.add(chunk)
    if (chunk.length > 0) this.#hasLines = true
    if (!this.#isScanning) return
    for (const pass of this.#passes) yield* pass.feed(chunk)
    this.#takeFound()
  }

  /** The bytes have come to their end. */
  *end(): Generator<void, void> {
    if (this.#isScanning) {
      for (const pass of this.#passes) yield* pass.endScan()
      this.#takeFound()
    }
    for (const pass of this.#passes) pass.settle(this.#hasLines)
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
    for (const pass of this.#passes) pass.takeLines(false)
    this.#close()
  }

  #takeFound(): void {
    const news = this.#passes.filter((pass) => pass.takeFound())
    if (news.length === 0) return
    for (const pass of this.#passes) pass.dropLost()
    const wanted = new Set(
      this.#queries.filter((query) => !query.isLost).flatMap((query) => [...query.algorithms]),
    )
    for (const algorithm of this.#hashers.keys()) if (!wanted.has(algorithm)) this.#hashers.delete(algorithm)
    if (!this.#queries.some((query) => !query.isLost && wantsEntropy(query))) this.#counts = undefined
  }

  #close(): void {
    this.#isClosed = true
    for (const pass of this.#passes) pass.close()
    this.#hashers.clear()
    this.#counts = undefined
  }
}

function wantsEntropy({ plan }: DataQuery): boolean {
  return plan.entropies.length > 0
}
