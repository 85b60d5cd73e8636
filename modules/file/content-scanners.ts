import type { Scan } from '../scan/scan.ts'
import { Scanner } from '../scan/scanner.ts'
import type { DataQuery } from './data-query.ts'
import type { SearchPlan } from './search-plan.ts'

/** Sets of searches whose scanners are kept: most files lie in the same few. */
const maxScanners = 16

/** Scanners for the content checks of searches, by which of them ask: what is learned of one file serves the next. */
export class ContentScanners {
  readonly #numbers = new Map<SearchPlan, number>()
  readonly #scanners = new Map<string, Scanner>()

  /** @returns a scan whose patterns are the tests of all queries in their order */
  begin(queries: readonly DataQuery[]): Scan {
    const key = queries.map(({ plan }) => this.#numberOf(plan)).join()
    const known = this.#scanners.get(key)
    const scanner = known ?? scannerOf(queries)
    // The one used last is the last to go.
    this.#scanners.delete(key)
    this.#scanners.set(key, scanner)
    for (const old of this.#scanners.keys()) {
      if (this.#scanners.size <= maxScanners) break
      this.#scanners.delete(old)
    }
    return scanner.begin()
  }

  #numberOf(plan: SearchPlan): number {
    const number = this.#numbers.get(plan) ?? this.#numbers.size
    this.#numbers.set(plan, number)
    return number
  }
}

function scannerOf(queries: readonly DataQuery[]): Scanner {
  const tests = queries.flatMap((query) => query.tests)
  return new Scanner(
    tests.map(({ check, finds }) => ({ source: check.regex.source, finds })),
    'lines',
  )
}
