import { scanWorkBetweenBreaths } from '../../../node/core/limits.ts'

/** Counts what a scan costs: bytes taken and instructions looked at. It is a count and not a time, so that it is the same
 *  everywhere. */
export class Meter {
  work = 0
  #breath = 0

  add(work: number): void {
    this.work += work
  }

  /** What may still be spent before others have their turn. */
  get left(): number {
    return this.#breath + scanWorkBetweenBreaths - this.work
  }

  /** Another text. */
  restart(): void {
    this.work = 0
    this.#breath = 0
  }

  breathe(): void {
    this.#breath = this.work
  }
}
