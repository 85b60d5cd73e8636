const newline = 0x0a

/** Where the lines of a chunk begin, asked for from its beginning to its end: all questions together look at each byte once. */
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
    if (at <= this.#start) {
      this.#start = 0
      this.#end = this.#newline(0)
    }
    while (this.#end < at - 1) {
      this.#start = this.#end + 1
      this.#end = this.#newline(this.#start)
    }
    return this.#start === 0 ? this.#first : this.#offset + this.#start
  }

  #newline(from: number): number {
    const at = this.#chunk.indexOf(newline, from)
    return at < 0 ? this.#chunk.length : at
  }
}
