/** A place in a pattern. */
export class Cursor {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  get isMore(): boolean {
    return this.#at < this.#source.length
  }

  at(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  /** Steps over `text` if it is here. */
  skip(text: string): boolean {
    if (!this.at(text)) return false
    this.#at += text.length
    return true
  }

  /** @param pattern sticky */
  skipMatch(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source) ?? undefined
    if (match !== undefined) this.#at += match[0].length
    return match
  }

  /** The next code point, stepped over. Only while there is more. */
  next(): number {
    const point = this.#source.codePointAt(this.#at) as number
    this.#at += point > 0xffff ? 2 : 1
    return point
  }

  /** The text up to `mark` or the end; stands behind the mark afterwards. */
  takeThrough(mark: string): string {
    const end = this.#source.indexOf(mark, this.#at)
    const text = this.#source.slice(this.#at, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#source.length : end + mark.length
    return text
  }

  skipThrough(mark: string): void {
    this.takeThrough(mark)
  }
}
