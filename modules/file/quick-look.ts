import { hash } from 'node:crypto'
import type { Scanner } from '../scan/scanner.ts'
import type { HashAlgorithm } from './check.ts'
import type { ContentScanners } from './content-scanners.ts'
import { isGzip } from './gunzip.ts'
import { LineTest } from './line-test.ts'
import type { SearchPlan } from './search-plan.ts'

/** Says of most files at once that no search is answered by them, so that nothing else has to be made for them. */
export class QuickLook {
  readonly #scanner: Scanner | undefined
  readonly #decodes: boolean
  /** What is left to be asked of a file in which no pattern was found: one without lines, and one with. */
  readonly #empty: HashQuestion
  readonly #other: HashQuestion

  constructor(plans: readonly SearchPlan[], scanners: ContentScanners) {
    this.#scanner = plans.some(({ contents }) => contents.length > 0)
      ? scanners.of(plans, 'lines')
      : undefined
    this.#decodes = plans.some(({ decompress }) => decompress)
    this.#empty = hashQuestion(plans, false)
    this.#other = hashQuestion(plans, true)
  }

  /** @param bytes all of a file
   *  @returns true when it is certain that nothing is to be said of it */
  isDull(bytes: Buffer): boolean {
    if (this.#decodes && isGzip(bytes)) return false
    const question = bytes.length === 0 ? this.#empty : this.#other
    if (question === 'some') return false
    if (this.#scanner !== undefined && !findsNothing(this.#scanner, bytes)) return false
    if (question === 'none') return true
    for (const { algorithm, wanted } of question) {
      if (wanted.has(hash(algorithm, bytes, 'hex'))) return false
    }
    return true
  }
}

/** Which hashes would be an answer; `none` would, `some` would whatever it is. */
type HashQuestion =
  | 'none'
  | 'some'
  | readonly { readonly algorithm: HashAlgorithm; readonly wanted: ReadonlySet<string> }[]

function hashQuestion(plans: readonly SearchPlan[], hasLines: boolean): HashQuestion {
  const wanted = new Map<HashAlgorithm, Set<string>>()
  for (const plan of plans) {
    if (needsMore(plan)) return 'some'
    const verdicts = plan.contents.map((check) => {
      const test = new LineTest(check)
      test.end(hasLines)
      return test.verdict === true
    })
    if (plan.matchAll ? verdicts.includes(false) : plan.hashes.length === 0 && !verdicts.includes(true))
      continue
    const isAnswered = plan.matchAll ? plan.hashes.length === 0 : verdicts.includes(true)
    if (isAnswered || plan.hashes.some(({ flipped }) => flipped)) return 'some'
    for (const { algorithm, hex } of plan.hashes) {
      const known = wanted.get(algorithm) ?? new Set()
      wanted.set(algorithm, known.add(hex))
    }
  }
  if (wanted.size === 0) return 'none'
  return [...wanted].map(([algorithm, hexes]) => ({ algorithm, wanted: hexes }))
}

/** False as well when it would take long. */
function findsNothing(scanner: Scanner, bytes: Buffer): boolean {
  const scan = scanner.begin()
  try {
    for (const _ of scan.whole(bytes)) return false
    return scan.found.size === 0
  } finally {
    scan.close()
  }
}

/** Does a search ask for what no look at lines and hashes answers? */
function needsMore({ manifests, entropies, contents }: SearchPlan): boolean {
  return manifests.length > 0 || entropies.length > 0 || contents.some(({ text }) => text !== 'lines')
}
