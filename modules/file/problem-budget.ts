import type { Problem } from '../module.ts'

/** Lets the first problems pass and counts the rest, as `maxerrors` asks. */
export class ProblemBudget {
  readonly #max: number
  #seen = 0

  constructor(max: number) {
    this.#max = max
  }

  /** May this one be reported? */
  take(): boolean {
    this.#seen += 1
    return this.#seen <= this.#max
  }

  /** What stands for those that were not reported. */
  rest(): Problem | undefined {
    const count = this.#seen - this.#max
    if (count <= 0) return undefined
    const about = `${count} errors were not returned (max errors = ${this.#max})`
    return { kind: 'problem', code: 'limit-reached', about }
  }
}
