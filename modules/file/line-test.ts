import type { ContentCheck } from './search-plan.ts'

/** One content check on one file, line by line. The verdict is undefined until it is certain, and stays so when a part of the
 *  file could not be seen. */
export class LineTest {
  readonly check: ContentCheck
  verdict: boolean | undefined
  #isUnsure = false

  constructor(check: ContentCheck) {
    this.check = check
  }

  /** Takes the next line. Only while there is no verdict. */
  line(text: string): void {
    this.#matched(this.check.regex.test(text))
  }

  /** Takes the beginning of a line that is too long to be held: a match in it is one, no match says nothing, and neither does a
   *  match that depends on where the text ends. */
  beginningOfLine(text: string): void {
    if (!mayLookAtEnd(this.check.regex.source) && this.check.regex.test(text)) this.#matched(true)
    else this.#isUnsure = true
  }

  /** @param hasLines false for an empty file: a `macroal` check needs at least one line, its inverse none */
  end(hasLines: boolean): void {
    if (this.verdict !== undefined || this.#isUnsure) return
    const { inverse, macroal } = this.check
    this.#decide(inverse || (macroal && hasLines))
  }

  #matched(matches: boolean): void {
    const { inverse, macroal } = this.check
    if (macroal) {
      // Every line must match; with an inverse check none may.
      if (matches === inverse) this.#decide(false)
    } else if (matches) {
      this.#decide(!inverse)
    }
  }

  #decide(holds: boolean): void {
    this.verdict = holds !== this.check.flipped
  }
}

/** Errs on the side of yes. */
function mayLookAtEnd(source: string): boolean {
  return /\$|\\[zbB]/.test(source)
}
