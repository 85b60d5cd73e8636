import { maxLinePlaces } from '../../node/core/limits.ts'
import type { TextKind } from '../scan/program/text-kind.ts'
import type { Scan } from '../scan/scan.ts'
import { Scanner } from '../scan/scanner.ts'
import type { DataQuery } from './data-query.ts'
import { LineTest } from './line-test.ts'
import type { SearchPlan } from './search-plan.ts'

/** Sets of searches whose scanners are kept: most files lie in the same few. */
const maxScanners = 16

/** Scanners for the content checks of searches, by which of them ask: what is learned of one file serves the next. */
export class ContentScanners {
  readonly #numbers = new Map<SearchPlan, number>()
  readonly #scanners = new Map<string, Scanner>()

  /** @returns a scan whose patterns are the tests of all queries that read bytes so, in their order */
  begin(queries: readonly DataQuery[], text: TextKind): Scan {
    return this.of(
      queries.map(({ plan }) => plan),
      text,
    ).begin()
  }

  /** @returns a scanner whose patterns are the content checks of all plans that read bytes so, in their order */
  of(plans: readonly SearchPlan[], text: TextKind): Scanner {
    const key = `${text} ${plans.map((plan) => this.#numberOf(plan)).join()}`
    const known = this.#scanners.get(key)
    const scanner = known ?? scannerOf(plans, text)
    // The one used last is the last to go.
    this.#scanners.delete(key)
    this.#scanners.set(key, scanner)
    for (const old of this.#scanners.keys()) {
      if (this.#scanners.size <= maxScanners) break
      this.#scanners.delete(old)
    }
    return scanner
  }

  #numberOf(plan: SearchPlan): number {
    const number = this.#numbers.get(plan) ?? this.#numbers.size
    this.#numbers.set(plan, number)
    return number
  }
}

function scannerOf(plans: readonly SearchPlan[], text: TextKind): Scanner {
  const checks = plans.flatMap(({ contents }) => contents).filter((check) => check.text === text)
  return new Scanner(
    checks.map((check) => ({
      source: check.regex.source,
      finds: new LineTest(check).finds,
      ...(check.counts ? { reports: 'lines' as const } : {}),
    })),
    text,
    plans.some(({ returns }) => returns === 'location') ? { maxPlaces: maxLinePlaces } : {},
  )
}
