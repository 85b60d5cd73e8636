import type { ProblemCode } from '../../module.ts'
import type { MessagePort } from '../../threads.ts'
import type { FileElement } from '../element.ts'
import type { BytePath } from '../file-path.ts'
import type { Listener } from '../file-work.ts'
import type { ErrandPool } from './errand-pool.ts'

/** What a thread tells the run's own: what it has found and could not see since it last did. */
export interface Report {
  readonly files: number
  readonly hits: readonly {
    readonly plan: number
    readonly check: number | undefined
    readonly element: FileElement
  }[]
  readonly problems: readonly {
    readonly code: ProblemCode
    readonly about: BytePath
    readonly failedToOpen: boolean
  }[]
}

const eventsAtOnce = 64
const longestDelayMs = 20

/** Collects what a thread comes by and sends it in batches. */
export class Reporter implements Listener {
  readonly #port: MessagePort
  readonly #pool: ErrandPool
  #files = 0
  #hits: Report['hits'][number][] = []
  #problems: Report['problems'][number][] = []
  #dueMs = 0

  constructor(port: MessagePort, pool: ErrandPool) {
    this.#port = port
    this.#pool = pool
  }

  hit(plan: number, check: number | undefined, element: FileElement): void {
    this.#began()
    this.#hits.push({ plan, check, element })
  }

  problem(code: ProblemCode, about: BytePath, failedToOpen: boolean): void {
    this.#began()
    this.#problems.push({ code, about, failedToOpen })
  }

  tested(): void {
    this.#files += 1
  }

  get isDue(): boolean {
    const events = this.#hits.length + this.#problems.length
    return events >= eventsAtOnce || (events > 0 && performance.now() >= this.#dueMs)
  }

  /** Sends what there is. Waits while the other side does not read. */
  flush(): void {
    const report: Report = { files: this.#files, hits: this.#hits, problems: this.#problems }
    if (report.files + report.hits.length + report.problems.length === 0) return
    this.#files = 0
    this.#hits = []
    this.#problems = []
    this.#port.postMessage(report)
    this.#pool.send()
  }

  #began(): void {
    if (this.#hits.length + this.#problems.length === 0) this.#dueMs = performance.now() + longestDelayMs
  }
}
