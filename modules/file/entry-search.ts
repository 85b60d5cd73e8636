import type { ArchiveEntry } from '../archive/archive-entry.ts'
import type { ArchiveVisitor, EntryPath, EntrySink } from '../archive/archive-visitor.ts'
import type { ProblemCode } from '../module.ts'
import type { MetadataCheck } from './check.ts'
import type { ContentScanners } from './content-scanners.ts'
import { DataQuery, needsData, returnsSha256 } from './data-query.ts'
import { DataStream } from './data-stream.ts'
import { decodeLossy } from './decode-lossy.ts'
import { type EntryFacts, factsOf } from './entry-facts.ts'
import { type Hit, hitsOf } from './match-file.ts'
import { QuickLook } from './quick-look.ts'
import type { Breath } from './scan-file.ts'
import type { SearchPlan } from './search-plan.ts'

/** Who hears what was found in an archive. */
export interface EntryListener {
  /** Does this search still want hits? */
  wants(plan: SearchPlan): boolean
  hit(hit: Hit, facts: EntryFacts): void
  problem(path: EntryPath, code: ProblemCode): void
}

/** Tests the entries of one archive for the searches that look into archives, as files are tested. */
export class EntrySearch implements ArchiveVisitor {
  readonly #plans: readonly SearchPlan[]
  readonly #scanners: ContentScanners
  readonly #breath: Breath
  readonly #listener: EntryListener

  constructor(
    plans: readonly SearchPlan[],
    scanners: ContentScanners,
    breath: Breath,
    listener: EntryListener,
  ) {
    this.#plans = plans
    this.#scanners = scanners
    this.#breath = breath
    this.#listener = listener
  }

  readonly #looks = new Map<string, QuickLook>()
  /** Was it an archive? */
  hasLooked = false

  /** Only what has bytes is tested, and what a search asks for by its kind: as in a walk. */
  entry(path: EntryPath, entry: ArchiveEntry): EntrySink | undefined {
    this.hasLooked = true
    const hasBytes = entry.kind === 'file' || entry.kind === 'link'
    const facts = factsOf(path, entry, undefined)
    const name = decodeLossy(facts.name)
    const queries: EntryQuery[] = []
    for (const plan of this.#plans) {
      if (!hasBytes && plan.kinds?.has(entry.kind) !== true) continue
      if (!this.#listener.wants(plan) || path.length > plan.archiveDepth) continue
      // A size that only decoding tells is asked for later.
      const isLate = (check: MetadataCheck) => check.field === 'sizes' && !facts.knows('sizes')
      const now = plan.metadata.filter((check) => !isLate(check))
      const late = plan.metadata.filter(isLate)
      const passes = (check: MetadataCheck) =>
        facts.knows(check.field) && check.passes(name, () => facts.stat)
      const hasData = needsData(plan)
      if (!plan.matchAll) {
        for (const check of now) {
          if (passes(check)) this.#listener.hit({ plan, check, sha256: undefined }, facts)
        }
        if (hasData || late.length > 0) queries.push({ data: new DataQuery(plan), late })
        continue
      }
      if (plan.metadata.length === 0 && !hasData) continue
      if (!now.every(passes)) continue
      if (hasData || late.length > 0 || returnsSha256(plan)) queries.push({ data: new DataQuery(plan), late })
      else this.#listener.hit({ plan, check: undefined, sha256: undefined }, facts)
    }
    if (queries.length === 0) return undefined
    const finish = (sizeBytes: number | undefined) => this.#finish(path, entry, name, queries, sizeBytes)
    const look = this.#lookFor(queries.map(({ data }) => data.plan))
    return new QuerySink(queries, this.#scanners, look, this.#breath, finish)
  }

  problem(path: EntryPath, code: ProblemCode): void {
    this.#listener.problem(path, code)
  }

  breathe(): Promise<boolean> | undefined {
    if (this.#breath.isStopped || !this.#plans.some((plan) => this.#listener.wants(plan))) {
      return Promise.resolve(false)
    }
    return this.#breath.pause()?.then(() => !this.#breath.isStopped)
  }

  /** One for each set of searches that are left for some entry. */
  #lookFor(plans: readonly SearchPlan[]): QuickLook {
    const key = plans.map((plan) => this.#plans.indexOf(plan)).join()
    const look = this.#looks.get(key) ?? new QuickLook(plans, this.#scanners)
    this.#looks.set(key, look)
    return look
  }

  #finish(
    path: EntryPath,
    entry: ArchiveEntry,
    name: string,
    queries: readonly EntryQuery[],
    sizeBytes: number | undefined,
  ): void {
    const facts = factsOf(path, entry, sizeBytes)
    for (const { data, late } of queries) {
      const passed = late.filter((check) => facts.knows('sizes') && check.passes(name, () => facts.stat))
      const { plan } = data
      if (!plan.matchAll) {
        for (const check of passed) this.#listener.hit({ plan, check, sha256: undefined }, facts)
      } else if (passed.length < late.length) continue
      for (const hit of hitsOf(data)) this.#listener.hit(hit, facts)
    }
  }
}

interface EntryQuery {
  readonly data: DataQuery
  /** Checks that wait for the size. */
  readonly late: readonly MetadataCheck[]
}

class QuerySink implements EntrySink {
  readonly #queries: readonly EntryQuery[]
  readonly #scanners: ContentScanners
  readonly #look: QuickLook
  readonly #breath: Breath
  readonly #finish: (sizeBytes: number | undefined) => void
  #stream: DataStream | undefined
  #isDull = false

  constructor(
    queries: readonly EntryQuery[],
    scanners: ContentScanners,
    look: QuickLook,
    breath: Breath,
    finish: (sizeBytes: number | undefined) => void,
  ) {
    this.#queries = queries
    this.#scanners = scanners
    this.#look = look
    this.#breath = breath
    this.#finish = finish
  }

  get wantsMore(): boolean {
    return (this.#stream === undefined ? this.#needsBytes : !this.#stream.isDone) || this.#isWaiting
  }

  get wantsManifest(): boolean {
    return this.#queries.some(({ data }) => data.manifests.length > 0)
  }

  isSettledBy(bytes: Buffer): boolean {
    this.#isDull = !this.#isWaiting && this.#look.isDull(bytes)
    return this.#isDull
  }

  async push(piece: Buffer): Promise<boolean> {
    const stream = this.#begun()
    return stream.isDone || this.#work(stream.push(piece))
  }

  manifest(lines: readonly string[]): void {
    for (const { data } of this.#queries) data.takeManifest(lines)
  }

  async end(sizeBytes: number | undefined): Promise<void> {
    if (this.#isDull) return
    const stream = this.#begun()
    if (sizeBytes === undefined || !(await this.#work(stream.end()))) stream.abandon()
    this.#finish(sizeBytes)
  }

  get #needsBytes(): boolean {
    return this.#queries.some(
      ({ data }) => data.tests.length > 0 || data.algorithms.size > 0 || data.plan.entropies.length > 0,
    )
  }

  /** Does a check wait for the size? */
  get #isWaiting(): boolean {
    return this.#queries.some(({ data, late }) => late.length > 0 && !data.isLost)
  }

  #begun(): DataStream {
    this.#stream ??= new DataStream(
      this.#queries.map(({ data }) => data),
      this.#scanners,
    )
    return this.#stream
  }

  async #work(steps: Iterable<void>): Promise<boolean> {
    for (const _ of steps) {
      await this.#breath.pause()
      if (this.#breath.isStopped) return false
    }
    return !this.#breath.isStopped
  }
}
