import type { Scan } from '../scan/scan.ts'
import type { DataQuery } from './data-query.ts'
import type { LineTest } from './line-test.ts'

/** A test and the search that it belongs to; its place is its number in the scan. */
export interface QueryTest {
  readonly query: DataQuery
  readonly test: LineTest
}

/** One way through the bytes, for all tests that read them alike. */
export class PatternPass {
  readonly #tests: readonly QueryTest[]
  readonly #scan: Scan
  /** What is not found yet. */
  readonly #open: Set<number>
  /** Those of which lines are still counted, be they found or not. */
  readonly #counted: Set<number>

  constructor(tests: readonly QueryTest[], scan: Scan) {
    this.#tests = tests
    this.#scan = scan
    this.#open = new Set(tests.keys())
    this.#counted = new Set([...this.#open].filter((number) => tests[number]?.test.check.counts === true))
  }

  get isDone(): boolean {
    return this.#open.size === 0 && this.#counted.size === 0
  }

  /** @returns see `Scan.feed`; call `takeFound` when it is done */
  feed(chunk: Buffer): Iterable<void> {
    return this.isDone ? [] : this.#scan.feed(chunk)
  }

  endScan(): Iterable<void> {
    return this.isDone ? [] : this.#scan.end()
  }

  /** @returns whether something was found that was not before */
  takeFound(): boolean {
    const news = [...this.#scan.found.keys()].filter((number) => this.#open.delete(number))
    for (const number of news) {
      const { query, test } = this.#tests[number] as QueryTest
      test.found()
      if (query.plan.matchAll && test.verdict === false) query.isLost = true
    }
    return news.length > 0
  }

  /** Searches that are lost ask for nothing more. */
  dropLost(): void {
    for (const number of [...this.#open, ...this.#counted]) {
      if (this.#tests[number]?.query.isLost !== true) continue
      this.#open.delete(number)
      this.#counted.delete(number)
      this.#scan.drop(number)
    }
  }

  /** All bytes were seen: what is not found is not there. */
  settle(hasLines: boolean): void {
    for (const number of this.#open) this.#tests[number]?.test.end(hasLines)
    this.takeLines(true)
  }

  /** Copies: the scan will be used again. */
  takeLines(isWhole: boolean): void {
    for (const number of this.#counted) {
      const { count, places } = this.#scan.linesOf(number)
      const { test } = this.#tests[number] as QueryTest
      test.lines = { count, places: [...places], isWhole }
    }
  }

  close(): void {
    this.#scan.close()
    this.#open.clear()
    this.#counted.clear()
  }
}
