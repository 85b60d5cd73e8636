import { ArchiveError } from '../archive/archive-error.ts'
import { readManifest } from '../archive/read-manifest.ts'
import { type FileStat, HostError, type OpenFile } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { ProblemCode } from '../module.ts'
import type { Check } from './check.ts'
import { DataQuery, needsData, returnsSha256 } from './data-query.ts'
import { decodeLossy } from './decode-lossy.ts'
import { bytesOf } from './file-path.ts'
import { archiveLimits, fileSource } from './file-source.ts'
import type { CountedLines, LineTest } from './line-test.ts'
import type { FileScanner, FirstRead, Steps } from './scan-file.ts'
import type { SearchPlan } from './search-plan.ts'
import type { FileVisit } from './visit.ts'

export interface Hit {
  readonly plan: SearchPlan
  /** The check that the file passed; undefined when the search wants all of them. */
  readonly check: Check | undefined
  /** Lower case. */
  readonly sha256: string | undefined
  /** Of content checks whose lines are counted. */
  readonly lines?: readonly CheckedLines[]
}

export interface CheckedLines {
  readonly check: Check
  readonly found: CountedLines
}

export interface FileOutcome {
  readonly hits: readonly Hit[]
  readonly problems: readonly { readonly code: ProblemCode; readonly failedToOpen: boolean }[]
}

const nothing: FileOutcome = { hits: [], problems: [] }

/** Tests one file for all searches that it lies in: name first, then what stat tells, and only if a search still wants it the
 *  bytes, which are read once for all.
 *  @returns what came of it, or where bytes are to be read, the reading */
export function matchFile(
  visit: FileVisit,
  plans: readonly SearchPlan[],
  scanner: FileScanner,
): FileOutcome | Steps<FileOutcome> {
  const hits: Hit[] = []
  const wanting: SearchPlan[] = []
  try {
    matchMetadata(visit, plans, hits, wanting)
  } catch (error) {
    // Its stat failed: it was listed and is gone.
    const { code } = problemOf(error, '')
    return { hits: [], problems: [{ code: code === 'not-found' ? 'vanished' : code, failedToOpen: true }] }
  }
  if (wanting.length > 0) return matchData(visit, hits, wanting, scanner)
  return hits.length === 0 ? nothing : { hits, problems: [] }
}

/** What can be said without opening the file, and what is left to ask of its bytes.
 *  @throws HostError when it cannot be stat'ed */
function matchMetadata(
  visit: FileVisit,
  plans: readonly SearchPlan[],
  hits: Hit[],
  wanting: SearchPlan[],
): void {
  const name = textOf(visit.name)
  const stat = () => visit.stat()
  for (const plan of plans) {
    const hasData = needsData(plan)
    if (!plan.matchAll) {
      for (const check of plan.metadata) {
        if (check.passes(name, stat, visit)) hits.push({ plan, check, sha256: undefined })
      }
      if (hasData) wanting.push(plan)
      continue
    }
    // A search without any filter matches nothing, as in MIG.
    if (plan.metadata.length === 0 && !hasData) continue
    if (!passesAll(plan, name, stat, visit)) continue
    if (hasData || returnsSha256(plan)) wanting.push(plan)
    else hits.push({ plan, check: undefined, sha256: undefined })
  }
}

function passesAll(plan: SearchPlan, name: string, stat: () => FileStat, visit: FileVisit): boolean {
  for (const check of plan.metadata) if (!check.passes(name, stat, visit)) return false
  return true
}

function textOf(name: string): string {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0x7f) return decodeLossy(bytesOf(name))
  return name
}

function matchData(
  visit: FileVisit,
  hits: readonly Hit[],
  plans: readonly SearchPlan[],
  scanner: FileScanner,
): FileOutcome | Steps<FileOutcome> {
  if (!visit.isRegular) return { hits, problems: notRegular }
  let file: OpenFile | undefined
  try {
    file = visit.open()
    const first = scanner.look(file, plans, visit.endsShort)
    if (first !== undefined) return readOn(visit, file, first, hits, plans, scanner)
    file.close()
    return hits.length === 0 ? nothing : { hits, problems: [] }
  } catch (error) {
    file?.close()
    return { hits, problems: [problemOfOpen(error, file !== undefined)] }
  }
}

/** Closes the file at its end. */
function* readOn(
  visit: FileVisit,
  file: OpenFile,
  first: FirstRead,
  hits: readonly Hit[],
  plans: readonly SearchPlan[],
  scanner: FileScanner,
): Steps<FileOutcome> {
  try {
    const queries = plans.map((plan) => new DataQuery(plan))
    const codes = new Set<ProblemCode>()
    const manifests = readManifests(file, visit, queries, codes)
    if (manifests !== undefined) yield manifests
    const left = queries.filter((query) => !query.isLost)
    if (left.length > 0)
      for (const code of yield* scanner.scan(file, first, left, visit.endsShort)) codes.add(code)
    const more = queries.flatMap(hitsOf)
    // Whatever stands under the name by now, only files are reported.
    if (more.length > 0 && file.stat.kind !== 'file') return { hits, problems: notRegular }
    return { hits: [...hits, ...more], problems: [...codes].map((code) => ({ code, failedToOpen: false })) }
  } catch (error) {
    return { hits, problems: [problemOfOpen(error, true)] }
  } finally {
    file.close()
  }
}

const notRegular = [{ code: 'not-regular', failedToOpen: false }] as const

/** @param isOpen it was opened, and is not what it was listed as, or cannot be read */
function problemOfOpen(error: unknown, isOpen: boolean): FileOutcome['problems'][number] {
  if (!(error instanceof HostError)) throw error
  if (isOpen) {
    const code = error.code === 'not-supported' ? 'not-regular' : problemOf(error, '').code
    return { code, failedToOpen: false }
  }
  const vanished = error.code === 'not-found' || error.code === 'is-link'
  return { code: vanished ? 'vanished' : problemOf(error, '').code, failedToOpen: true }
}

/** What jars say of themselves is read first: it is little. @returns undefined when nobody asks */
function readManifests(
  file: OpenFile,
  visit: FileVisit,
  queries: readonly DataQuery[],
  codes: Set<ProblemCode>,
): Promise<void> | undefined {
  const asking = queries.filter((query) => query.manifests.length > 0)
  if (asking.length === 0) return undefined
  return (async () => {
    try {
      const lines = await readManifest(fileSource(file), bytesOf(visit.name), archiveLimits(1))
      for (const query of asking) {
        if (lines !== undefined) query.takeManifest(lines)
        else if (query.plan.matchAll) query.isLost = true
      }
    } catch (error) {
      for (const query of asking) if (query.plan.matchAll) query.isLost = true
      codes.add(error instanceof ArchiveError ? error.code : problemOf(error, '').code)
    }
  })()
}

/** What one search has found in bytes. */
export function hitsOf(query: DataQuery): readonly Hit[] {
  const { plan } = query
  if (plan.matchAll) {
    if (!query.passesAll) return []
    const sha256 = returnsSha256(plan) ? query.hashes.get('sha256') : undefined
    return [{ plan, check: undefined, sha256, ...linesOf(query.tests) }]
  }
  const contents = query.tests
    .filter((test) => test.verdict === true)
    .map((test) => ({ plan, check: test.check, sha256: undefined, ...linesOf([test]) }))
  const hashes = plan.hashes.filter((_, at) => query.hashPasses(at) === true)
  const manifests = query.manifests.filter((test) => test.verdict === true).map((test) => test.check)
  const entropies = plan.entropies.filter((_, at) => query.entropyPasses(at) === true)
  const others = [...hashes, ...manifests, ...entropies].map((check) => ({ plan, check, sha256: undefined }))
  return [...contents, ...others]
}

function linesOf(tests: readonly LineTest[]): Pick<Hit, 'lines'> {
  const lines = tests.flatMap(({ check, lines }) => (lines === undefined ? [] : [{ check, found: lines }]))
  return lines.length === 0 ? {} : { lines }
}
