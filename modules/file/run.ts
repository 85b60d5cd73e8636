import { z } from 'zod'
import { formatGoDuration } from '../../node/core/go-duration.ts'
import { maxAboutChars } from '../../node/core/limits.ts'
import { HostError } from '../host/host.ts'
import type { Finding, ModuleEvent, Problem, RunContext } from '../module.ts'
import { createPause } from '../pause.ts'
import { type FileElement, hitElement, missElement, shown } from './element.ts'
import { type BytePath, join } from './file-path.ts'
import { type Hit, matchFile } from './match-file.ts'
import type { FileParameters } from './options.ts'
import { ProblemBudget } from './problem-budget.ts'
import { FileScanner } from './scan-file.ts'
import { type Check, checksOf, planSearches, type SearchPlan } from './search-plan.ts'
import type { FileVisit } from './visit.ts'
import { walk } from './walk.ts'

export const fileStatistics = z.strictObject({
  /** Files tested, each once however many searches it lies in. */
  filescount: z.int(),
  openfailed: z.int(),
  totalhits: z.int(),
  exectime: z.string().max(32),
})
export type FileStatistics = z.infer<typeof fileStatistics>

/** What one search has come to. */
class Tally {
  readonly plan: SearchPlan
  hits = 0
  readonly checksThatHit = new Set<Check>()

  constructor(plan: SearchPlan) {
    this.plan = plan
  }

  get isFull(): boolean {
    return this.hits >= this.plan.matchLimit
  }
}

/** Runs all searches in one walk. */
export async function* runSearches(
  parameters: FileParameters,
  { host, signal, now, maxMatches }: RunContext,
): AsyncGenerator<ModuleEvent<FileElement>, FileStatistics> {
  const started = performance.now()
  const counts = { filescount: 0, openfailed: 0, totalhits: 0 }
  const tallies = planSearches(parameters, now).map((plan) => new Tally(plan))
  const tallyOf = new Map(tallies.map((tally) => [tally.plan, tally]))
  const budget = new ProblemBudget(Math.max(0, ...tallies.map(({ plan }) => plan.maxErrors)))
  const pause = createPause()
  const scanner = new FileScanner(() => pause()?.then(() => !signal.aborted))
  const scopes = tallies.map(({ plan }) => plan)
  let isWhole = true

  for (const visit of walk(host, scopes, (scope) => tallies[scope]?.isFull ?? true)) {
    await pause()
    if (signal.aborted) break
    if (visit.kind === 'pulse') continue
    if (visit.kind === 'problem') {
      if (visit.failedToOpen) counts.openfailed += 1
      if (budget.take()) yield problem(visit.code, visit.about)
      continue
    }
    counts.filescount += 1
    const plans = visit.scopes.flatMap((scope) => tallies[scope]?.plan ?? [])
    const { hits, problems } = await matchFile(visit, plans, scanner)
    for (const { code, failedToOpen } of problems) {
      if (failedToOpen) counts.openfailed += 1
      if (budget.take()) yield problem(code, pathOf(visit))
    }
    for (const hit of hits) {
      const tally = tallyOf.get(hit.plan)
      if (tally === undefined || tally.isFull || counts.totalhits >= maxMatches) continue
      const finding = findingOf(hit, visit)
      if (finding.kind === 'problem') {
        if (budget.take()) yield finding
        break
      }
      tally.hits += 1
      counts.totalhits += 1
      if (hit.check !== undefined) tally.checksThatHit.add(hit.check)
      yield finding
      if (tally.isFull) yield limitReached(`${tally.plan.label}: matchlimit ${tally.plan.matchLimit}`)
    }
    if (counts.totalhits >= maxMatches) {
      yield limitReached(`${maxMatches} matches`)
      isWhole = false
      break
    }
  }

  if (isWhole && !signal.aborted) yield* misses(tallies)
  const rest = budget.rest()
  if (rest !== undefined) yield rest
  return { ...counts, exectime: formatGoDuration(performance.now() - started) }
}

/** Nothing is called missing by a search that did not look everywhere. */
function* misses(tallies: readonly Tally[]): Generator<Finding<FileElement>> {
  for (const { plan, hits, isFull, checksThatHit } of tallies) {
    if (isFull) continue
    const missed = plan.matchAll
      ? hits === 0
        ? [undefined]
        : []
      : checksOf(plan).filter((check) => !checksThatHit.has(check))
    for (const check of missed) {
      yield { kind: 'finding', found: false, group: [plan.label], element: missElement(plan, check) }
    }
  }
}

function findingOf(hit: Hit, visit: FileVisit): Finding<FileElement> | Problem {
  try {
    const element = hitElement(hit, visit, visit.stat())
    return { kind: 'finding', found: true, group: [hit.plan.label], element }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    return problem('vanished', pathOf(visit))
  }
}

function pathOf(visit: FileVisit): BytePath {
  return join(visit.directory, visit.name.toString('latin1'))
}

function problem(code: Problem['code'], about: BytePath): Problem {
  return { kind: 'problem', code, about: shown(about, maxAboutChars).file }
}

function limitReached(about: string): Problem {
  return { kind: 'problem', code: 'limit-reached', about }
}
