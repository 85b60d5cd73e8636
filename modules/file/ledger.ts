import { maxAboutChars } from '../../node/core/limits.ts'
import type { Finding, ModuleEvent, Problem, ProblemCode } from '../module.ts'
import { type FileElement, missElement, shown } from './element.ts'
import { type BytePath, toBytePath } from './file-path.ts'
import type { Listener } from './file-work.ts'
import { ProblemBudget } from './problem-budget.ts'
import { checksOf, type SearchPlan } from './search-plan.ts'
import type { Board } from './walker/board.ts'
import type { Report } from './walker/report.ts'

/** What one search has come to. */
interface Tally {
  readonly plan: SearchPlan
  hits: number
  /** Places of checks that some file passed. */
  readonly checksThatHit: Set<number>
}

/** Keeps the limits of a run, whoever finds in whichever order, and the events until they are taken. */
export class Ledger implements Listener {
  readonly counts = { filescount: 0, openfailed: 0, totalhits: 0 }
  /** False when the run had to end before its searches did. */
  isWhole = true
  readonly #tallies: readonly Tally[]
  readonly #budget: ProblemBudget
  readonly #board: Board
  readonly #maxMatches: number
  #news: ModuleEvent<FileElement>[] = []

  constructor(plans: readonly SearchPlan[], board: Board, maxMatches: number) {
    this.#tallies = plans.map((plan) => ({ plan, hits: 0, checksThatHit: new Set() }))
    this.#budget = new ProblemBudget(Math.max(0, ...plans.map(({ maxErrors }) => maxErrors)))
    this.#board = board
    this.#maxMatches = maxMatches
  }

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  /** What has come since it was last asked. */
  takeNews(): readonly ModuleEvent<FileElement>[] {
    const news = this.#news
    if (news.length > 0) this.#news = []
    return news
  }

  tested(files = 1): void {
    this.counts.filescount += files
  }

  problem(code: ProblemCode, about: BytePath, failedToOpen: boolean): void {
    if (failedToOpen) this.counts.openfailed += 1
    if (this.#budget.take())
      this.#news.push({ kind: 'problem', code, about: shown(about, maxAboutChars).file })
  }

  /** What a thread has come by. */
  report({ files, hits, problems }: Report): void {
    this.tested(files)
    for (const { code, about, failedToOpen } of problems) this.problem(code, about, failedToOpen)
    for (const { plan, check, element } of hits) this.hit(plan, check, element)
  }

  /** A thread has broken, with what it had in hand. */
  lost(code: ProblemCode): void {
    this.isWhole = false
    this.problem(code, toBytePath('(a thread of the search)'), true)
    this.#news.push(limitReached('a thread of the search has broken'))
  }

  hit(place: number, check: number | undefined, element: FileElement): void {
    const tally = this.#tallies[place]
    if (tally === undefined || tally.hits >= tally.plan.matchLimit) return
    if (this.counts.totalhits >= this.#maxMatches) return
    tally.hits += 1
    this.counts.totalhits += 1
    if (check !== undefined) tally.checksThatHit.add(check)
    this.#news.push({ kind: 'finding', found: true, group: [tally.plan.label], element })
    if (tally.hits >= tally.plan.matchLimit) {
      this.#board.setFull(place)
      this.#news.push(limitReached(`${tally.plan.label}: matchlimit ${tally.plan.matchLimit}`))
    }
    if (this.counts.totalhits >= this.#maxMatches) {
      this.#news.push(limitReached(`${this.#maxMatches} matches`))
      this.isWhole = false
      this.#board.stop()
    }
  }

  /** What was not found. Nothing is called missing by a search that did not look everywhere. */
  *misses(): Generator<Finding<FileElement>> {
    for (const { plan, hits, checksThatHit } of this.#tallies) {
      if (hits >= plan.matchLimit) continue
      const checks = checksOf(plan)
      const isKnown = !checks.some((check) => check.isUnknown === true)
      const missed = plan.matchAll
        ? hits === 0 && isKnown
          ? [undefined]
          : []
        : checks.filter((check, place) => check.isUnknown !== true && !checksThatHit.has(place))
      for (const check of missed) {
        yield { kind: 'finding', found: false, group: [plan.label], element: missElement(plan, check) }
      }
    }
  }

  /** Stands for the problems that were not reported. */
  moreProblems(): Problem | undefined {
    return this.#budget.rest()
  }
}

function limitReached(about: string): Problem {
  return { kind: 'problem', code: 'limit-reached', about }
}
