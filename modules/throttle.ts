/** How long one piece of work and one rest may last. Short: what runs beside it is never held up for longer. */
export const sliceMs = 5
export const longestRestMs = 50

/** What a process has used: milliseconds of processor time of all its threads, and of the clock. */
export interface Usage {
  cpuMs(): number
  nowMs(): number
}

/** Of this process, the same in all of its threads. */
export const ownUsage: Usage = {
  cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  // The same in all threads, which performance.now() is not.
  nowMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
}

/** From when on a process is measured. */
export interface ThrottleStart {
  readonly nowMs: number
  readonly cpuMs: number
}

/** Keeps this process below a share of one core: work in slices, then rest as long as its share of time asks. Measured, not guessed: what
 *  threads, collector and compiler use counts too, and what other processes took does not. */
export class Throttle {
  readonly #share: number
  readonly #usage: Usage
  #sinceMs: number
  #cpuBefore: number
  #sliceEnd: number

  /** @param share of one core, more than 0; 1 and above is no throttle
   *  @param start of another thread's, whose debts are this one's too */
  constructor(share: number, usage: Usage = ownUsage, start?: ThrottleStart) {
    this.#share = share
    this.#usage = usage
    const now = usage.nowMs()
    this.#sinceMs = start?.nowMs ?? now
    this.#cpuBefore = start?.cpuMs ?? usage.cpuMs()
    this.#sliceEnd = now + sliceMs
  }

  get start(): ThrottleStart {
    return { nowMs: this.#sinceMs, cpuMs: this.#cpuBefore }
  }

  get isOn(): boolean {
    return this.#share < 1
  }

  /** Is the slice over? */
  isDue(): boolean {
    return this.isOn && this.#usage.nowMs() >= this.#sliceEnd
  }

  /** How long to rest now; ask again afterwards, until it is 0. */
  restMs(): number {
    if (!this.isOn) return 0
    const now = this.#usage.nowMs()
    const cpu = this.#usage.cpuMs()
    const owedMs = (cpu - this.#cpuBefore) / this.#share - (now - this.#sinceMs)
    if (owedMs > 0.5) return Math.min(longestRestMs, owedMs)
    // Time in which it waited for a disk is not saved up for a burst.
    if (owedMs < -longestRestMs) {
      this.#sinceMs = now
      this.#cpuBefore = cpu
    }
    this.#sliceEnd = now + sliceMs
    return 0
  }
}
