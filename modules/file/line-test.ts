import type { LinesFound } from '../scan/engine/line-counts.ts'
import type { ContentCheck } from './check.ts'

export interface CountedLines extends LinesFound {
  /** False when a part of the file was not looked at. */
  readonly isWhole: boolean
}

/** One content check on one file. The verdict is undefined until it is certain, and stays so when a part of the file could not
 *  be seen. */
export class LineTest {
  readonly check: ContentCheck
  verdict: boolean | undefined
  /** The lines that match, where they are counted. */
  lines: CountedLines | undefined

  constructor(check: ContentCheck) {
    this.check = check
  }

  /** What is to be looked for: with `macroal`, one line that lacks the match says all. */
  get finds(): 'match' | 'line-without' {
    const { inverse, macroal } = this.check
    return macroal && !inverse ? 'line-without' : 'match'
  }

  /** It is there. */
  found(): void {
    const { inverse, macroal } = this.check
    this.#decide(!macroal && !inverse)
  }

  /** The whole file was seen, and it is not there.
   *  @param hasLines false for an empty file: a `macroal` check needs at least one line, its inverse none */
  end(hasLines: boolean): void {
    const { inverse, macroal } = this.check
    this.#decide(inverse || (macroal && hasLines))
  }

  #decide(holds: boolean): void {
    this.verdict ??= holds !== this.check.flipped
  }
}
