import type { ProblemCode } from '../../module.ts'
import type { Threads, Worker } from '../../threads.ts'
import type { Board } from './board.ts'
import { readErrand, writeErrand } from './errand.ts'
import { ErrandPool } from './errand-pool.ts'
import type { Report } from './report.ts'
import type { ThreadOrder } from './scan-thread.ts'
import type { Errand, TreeWalk } from './tree-walk.ts'

/** Who takes what the threads have found, in the run's own thread. */
export interface ReportTaker {
  report(report: Report): void
  /** A thread has broken: what it had in hand was not looked at. */
  lost(code: ProblemCode): void
}

/** A thread that is to stop says what it has found by then. */
const stopGraceMs = 80
/** How long the run's own thread rests while others work; a message ends it sooner. */
const longestWaitMs = 10
/** A thread that hangs in a call of the system's, on a file system that does not answer, ends with the process: nobody waits for it. */
const endGraceMs = 200

/** The other threads of a run. They share what is left of the walk among them and with the run's own thread. */
export class Crew {
  readonly #board: Board
  readonly #pool: ErrandPool
  readonly #taker: ReportTaker
  readonly #workers = new Map<number, Worker>()
  #onMessage: () => void = () => undefined

  constructor(
    threads: Threads,
    order: Omit<ThreadOrder, 'board' | 'pool' | 'self' | 'threads'>,
    board: Board,
    taker: ReportTaker,
  ) {
    this.#board = board
    this.#taker = taker
    this.#pool = new ErrandPool(board, threads.count, 0)
    this.#pool.begin()
    for (let self = 1; self < threads.count; self++) {
      const data: ThreadOrder = {
        ...order,
        threads: threads.count,
        self,
        board: board.buffer,
        pool: this.#pool.buffer,
      }
      this.#join(self, threads.start(data))
    }
  }

  /** Is there a thread that waits for something to do? */
  get isHungry(): boolean {
    return this.#pool.isHungry
  }

  /** Leaves a part of a walk to the others. */
  share(walk: TreeWalk): void {
    if (this.#pool.isHungry) walk.share(this.#pool.appetite, (errand) => this.#pool.put(writeErrand(errand)))
  }

  /** Has something to do for this thread, or nothing. */
  take(): Errand | undefined {
    const errand = this.#pool.takeNow()
    return errand === undefined ? undefined : readErrand(errand)
  }

  /** This thread walks by itself again. */
  begin(): void {
    this.#pool.begin()
  }

  /** Is everything looked at, and everything told? */
  get isOver(): boolean {
    return this.#pool.isOver && [...this.#workers.keys()].every((thread) => this.#pool.isRead(thread))
  }

  /** Until a thread has something to say, but not for long. Meanwhile others are to leave something to this thread. */
  async wait(): Promise<void> {
    this.#pool.beginWait()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestWaitMs)
      this.#onMessage = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#onMessage = () => undefined
    this.#pool.endWait()
  }

  /** Waits until the threads have told what they found before they were stopped. The board says that they are. */
  async settle(): Promise<void> {
    const lastMs = performance.now() + stopGraceMs
    this.#pool.rest()
    this.#pool.wake()
    const isSettled = () => [...this.#workers.keys()].every((thread) => this.#isDone(thread))
    while (!isSettled() && performance.now() < lastMs) await this.wait()
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.#pool.close()
    const workers = [...this.#workers.values()]
    this.#workers.clear()
    const ended = Promise.all(workers.map((worker) => worker.terminate()))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endGraceMs)
    })
    await Promise.race([ended, late])
    clearTimeout(timer)
  }

  #isDone(thread: number): boolean {
    return !this.#pool.isBusy(thread) && this.#pool.isRead(thread)
  }

  #join(thread: number, worker: Worker): void {
    this.#workers.set(thread, worker)
    worker.on('message', (report: Report) => {
      this.#pool.read(thread)
      this.#taker.report(report)
      this.#onMessage()
    })
    // What broke it may quote what it was reading: nothing of it is kept.
    worker.on('error', () => this.#leave(thread, true))
    worker.on('exit', () => this.#leave(thread, this.#pool.isBusy(thread)))
  }

  #leave(thread: number, isBroken: boolean): void {
    if (!this.#workers.delete(thread)) return
    this.#pool.rest(thread)
    if (isBroken && !this.#board.isStopped) this.#taker.lost('read-failed')
    this.#onMessage()
  }
}
