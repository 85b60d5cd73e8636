import { HostError } from '../host/host.ts'
import type { ProblemCode } from '../module.ts'
import { searchArchive } from './archive-work.ts'
import type { Check } from './check.ts'
import { entryElement, type FileElement, hitElement } from './element.ts'
import { type BytePath, join } from './file-path.ts'
import { type FileOutcome, matchFile } from './match-file.ts'
import { type Breath, FileScanner } from './scan-file.ts'
import { checksOf, type SearchPlan } from './search-plan.ts'
import type { FileVisit, Visitor, Work } from './visit.ts'
import type { Board } from './walker/board.ts'

/** Who hears what a thread has come by. */
export interface Listener {
  /** @param plan its place
   *  @param check its place among all checks of the plan; undefined when the search wants all of them */
  hit(plan: number, check: number | undefined, element: FileElement): void
  problem(code: ProblemCode, about: BytePath, failedToOpen: boolean): void
  /** A file was tested. */
  tested(): void
}

/** Tests files for all searches, and says what came of it. */
export class FileWork implements Visitor {
  readonly #plans: readonly SearchPlan[]
  readonly #board: Board
  readonly #listener: Listener
  readonly #scanner: FileScanner
  /** The plans of the scopes of the file before: mostly those of the next one too. */
  #scopes: readonly number[] = []
  #chosen: readonly SearchPlan[] = []
  /** Those of them that look into archives. */
  #opening: readonly SearchPlan[] = []

  constructor(plans: readonly SearchPlan[], board: Board, breath: Breath, listener: Listener) {
    this.#plans = plans
    this.#board = board
    this.#listener = listener
    this.#scanner = new FileScanner(breath)
  }

  file(visit: FileVisit): Work | undefined {
    this.#listener.tested()
    if (visit.scopes !== this.#scopes) {
      this.#scopes = visit.scopes
      this.#chosen = visit.scopes.flatMap((scope) => this.#plans[scope] ?? [])
      this.#opening = this.#chosen.filter((plan) => plan.archiveDepth > 0)
    }
    const outcome = matchFile(visit, this.#chosen, this.#scanner)
    const opening = this.#opening
    if (opening.length > 0 && visit.isRegular) return this.#withEntries(visit, outcome, opening)
    if ('hits' in outcome) {
      this.#tell(visit, outcome)
      return undefined
    }
    const step = outcome.next()
    if (step.done === true) {
      this.#tell(visit, step.value)
      return undefined
    }
    return this.#rest(visit, outcome, step.value)
  }

  problem(code: ProblemCode, about: BytePath, failedToOpen: boolean): void {
    this.#listener.problem(code, about, failedToOpen)
  }

  close(): void {
    this.#scanner.close()
  }

  *#rest(
    visit: FileVisit,
    matching: Generator<Promise<unknown> | undefined, FileOutcome>,
    first: Promise<unknown> | undefined,
  ): Work {
    try {
      yield first
      this.#tell(visit, yield* matching)
    } finally {
      matching.return({ hits: [], problems: [] })
    }
  }

  *#withEntries(
    visit: FileVisit,
    outcome: FileOutcome | Generator<Promise<unknown> | undefined, FileOutcome>,
    plans: readonly SearchPlan[],
  ): Work {
    this.#tell(visit, 'hits' in outcome ? outcome : yield* outcome)
    yield searchArchive(visit, plans, this.#scanner, {
      wants: (plan) => !this.#board.isFull(this.#plans.indexOf(plan)),
      hit: (hit, facts) => {
        const plan = this.#plans.indexOf(hit.plan)
        if (this.#board.isFull(plan)) return
        this.#listener.hit(plan, placeOf(hit.plan, hit.check), entryElement(hit, visit, facts))
      },
      problem: (code, about) => this.problem(code, about, false),
    })
  }

  #tell(visit: FileVisit, { hits, problems }: FileOutcome): void {
    for (const { code, failedToOpen } of problems) this.problem(code, pathOf(visit), failedToOpen)
    for (const hit of hits) {
      const plan = this.#plans.indexOf(hit.plan)
      if (this.#board.isFull(plan)) continue
      let element: FileElement
      try {
        element = hitElement(hit, visit, visit.stat())
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        this.problem('vanished', pathOf(visit), false)
        return
      }
      this.#listener.hit(plan, placeOf(hit.plan, hit.check), element)
    }
  }
}

function placeOf(plan: SearchPlan, check: Check | undefined): number | undefined {
  return check === undefined ? undefined : checksOf(plan).indexOf(check)
}

function pathOf(visit: FileVisit): BytePath {
  return join(visit.directory, visit.name)
}
