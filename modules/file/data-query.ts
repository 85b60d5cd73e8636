import type { HashAlgorithm } from './check.ts'
import { LineTest } from './line-test.ts'
import { ManifestTest } from './manifest-test.ts'
import type { SearchPlan } from './search-plan.ts'

/** What one search still wants to know from the bytes of one file. */
export class DataQuery {
  readonly plan: SearchPlan
  readonly tests: readonly LineTest[]
  readonly manifests: readonly ManifestTest[]
  readonly algorithms: ReadonlySet<HashAlgorithm>
  /** Bits of a byte; undefined until all bytes were seen. */
  entropy: number | undefined
  /** Hexadecimal, lower case; missing where the bytes could not be seen to their end. */
  hashes: ReadonlyMap<HashAlgorithm, string> = new Map()
  /** A search that needs every check has failed one: nothing more is to be read for it. */
  isLost = false

  constructor(plan: SearchPlan) {
    this.plan = plan
    this.tests = plan.contents.map((check) => new LineTest(check))
    this.manifests = plan.manifests.map((check) => new ManifestTest(check))
    const algorithms = new Set(plan.hashes.map((check) => check.algorithm))
    if (returnsSha256(plan)) algorithms.add('sha256')
    this.algorithms = algorithms
  }

  /** Undefined when it cannot be said. */
  hashPasses(at: number): boolean | undefined {
    const check = this.plan.hashes[at]
    const hash = check === undefined ? undefined : this.hashes.get(check.algorithm)
    return check === undefined || hash === undefined ? undefined : (hash === check.hex) !== check.flipped
  }

  /** The lines that a jar has about itself. */
  takeManifest(lines: readonly string[]): void {
    for (const test of this.manifests) test.take(lines)
    if (this.plan.matchAll && this.manifests.some((test) => test.verdict !== true)) this.isLost = true
  }

  /** Undefined when it cannot be said. */
  entropyPasses(at: number): boolean | undefined {
    const check = this.plan.entropies[at]
    if (check === undefined || this.entropy === undefined) return undefined
    return this.entropy >= check.range.min && this.entropy <= check.range.max
  }

  get passesAll(): boolean {
    const tests = [...this.tests, ...this.manifests].every((test) => test.verdict === true)
    if (!this.plan.entropies.every((_, at) => this.entropyPasses(at) === true)) return false
    return tests && this.plan.hashes.every((_, at) => this.hashPasses(at) === true)
  }
}

/** MIG gives the hash with hits of matchall searches only. */
export function returnsSha256(plan: SearchPlan): boolean {
  return plan.returnSha256 && plan.matchAll
}

export function needsData(plan: SearchPlan): boolean {
  return (
    plan.contents.length > 0 ||
    plan.hashes.length > 0 ||
    plan.manifests.length > 0 ||
    plan.entropies.length > 0
  )
}
