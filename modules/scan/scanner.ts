import { type KernelChoice, kernelsOf } from './kernels/kernels.ts'
import { planScan, type ScanPattern, type ScanPlan } from './plan.ts'
import type { TextKind } from './program/text-kind.ts'
import { Scan } from './scan.ts'

export interface ScannerOptions {
  readonly kernels?: KernelChoice
  /** Lines of each pattern that reports lines that are told one by one; the others are counted only. None when not given. */
  readonly maxPlaces?: number
}

/** Patterns that texts are searched for, all in one pass. Make it once for many texts: what it learns of one serves the next. */
export class Scanner {
  readonly #plan: ScanPlan
  readonly #maxPlaces: number
  /** A scan that was closed. */
  #spare: Scan | undefined

  /** @throws MigError `bad-regex` */
  constructor(patterns: readonly ScanPattern[], text: TextKind, options: ScannerOptions = {}) {
    this.#plan = planScan(patterns, text, kernelsOf(options.kernels ?? 'auto'))
    this.#maxPlaces = options.maxPlaces ?? 0
  }

  /** A new text. Several may be under way at a time. Close it: the next text costs less then. */
  begin(): Scan {
    const spare = this.#spare
    if (spare === undefined) return new Scan(this.#plan, this.#maxPlaces, this.#keep)
    this.#spare = undefined
    spare.restart()
    return spare
  }

  readonly #keep = (scan: Scan): void => {
    this.#spare = scan
  }
}
