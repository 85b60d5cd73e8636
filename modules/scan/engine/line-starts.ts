const newline = 0x0a

/** Where the lines of a chunk begin. Questions from its beginning to its end look at each byte at most twice, all together; in
 *  another order, each looks at its own line and the one behind the line found last. */
export class LineStarts {
  readonly #chunk: Buffer
  readonly #offset: number
  readonly #first: number
  /** Within the chunk: the line found last, and the newline that ends it. */
  #start = 0
  #end: number

  /** @param offset of the chunk in the text
   *  @param first where the line begins, in the text, that the chunk begins in */
  constructor(chunk: Buffer, offset: number, first: number) {
    this.#chunk = chunk
    this.#offset = offset
    this.#first = first
    this.#end = this.#newline(0)
  }

  /** @param at behind a byte of the chunk, perhaps the newline of its line
   *  @returns where its line begins in the text */
  of(at: number): number {
    if (at - 1 > this.#end) {
      // Where many lines are found, it is the next one.
      this.#start = this.#end + 1
      this.#end = this.#newline(this.#start)
    }
    if (at <= this.#start || at - 1 > this.#end) {
      this.#start = at < 2 ? 0 : this.#chunk.lastIndexOf(newline, at - 2) + 1
      this.#end = this.#newline(at - 1)
    }
    return this.#start === 0 ? this.#first : this.#offset + this.#start
  }

  #newline(from: number): number {
    const at = this.#chunk.indexOf(newline, from)
    return at < 0 ? this.#chunk.length : at
  }
}
