import type { Throttle } from './throttle.ts'

/** At most so long the event loop waits for its turn: what aborts a run is heard by then. */
const turnMs = 20

/** The pauses of a run on a thread with an event loop: in slices, and in the rests that a throttle asks for, others have their turn. */
export class Turns {
  readonly #throttle: Throttle
  #turnEnd = performance.now() + turnMs

  constructor(throttle: Throttle) {
    this.#throttle = throttle
  }

  /** Is it time to pause? */
  isDue(): boolean {
    return performance.now() >= this.#turnEnd || this.#throttle.isDue()
  }

  /** Pauses when it is time to. */
  pause(): Promise<void> | undefined {
    return this.isDue() ? this.#rest() : undefined
  }

  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    const ms = this.#throttle.isDue() ? this.#throttle.restMs() : 0
    if (ms > 0) await new Promise<void>((resolve) => setTimeout(resolve, ms))
    this.#turnEnd = performance.now() + turnMs
  }
}
