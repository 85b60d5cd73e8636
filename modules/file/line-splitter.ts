const newline = 0x0a
const carriageReturn = 0x0d

export interface Line {
  readonly bytes: Buffer
  /** False for the first `maxLineBytes` of a line that is longer; the rest of that line is not given. */
  readonly whole: boolean
}

/** Cuts a stream into lines as Go's bufio.ScanLines does: at `\n`, without one trailing `\r`; a last line needs no newline, an
 *  empty stream has no line. Lines are views into what was pushed: use them before the next push. */
export class LineSplitter {
  readonly #maxLineBytes: number
  #carried: Buffer[] = []
  #carriedBytes = 0
  #skipping = false

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  *push(chunk: Buffer): Generator<Line, void> {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(newline, start)
      if (end < 0) break
      yield* this.#finish(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) yield* this.#carry(chunk.subarray(start))
  }

  /** The last line, if it had no newline. */
  *end(): Generator<Line, void> {
    if (this.#carriedBytes > 0) yield* this.#finish(Buffer.alloc(0))
  }

  *#finish(rest: Buffer): Generator<Line, void> {
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    if (this.#carriedBytes + rest.length > this.#maxLineBytes) {
      yield { bytes: this.#take(rest).subarray(0, this.#maxLineBytes), whole: false }
      return
    }
    const line = this.#carriedBytes === 0 ? rest : this.#take(rest)
    yield { bytes: line.at(-1) === carriageReturn ? line.subarray(0, -1) : line, whole: true }
  }

  *#carry(part: Buffer): Generator<Line, void> {
    if (this.#skipping) return
    if (this.#carriedBytes + part.length > this.#maxLineBytes) {
      this.#skipping = true
      yield { bytes: this.#take(part).subarray(0, this.#maxLineBytes), whole: false }
      return
    }
    // A copy: the reader fills the same buffer again.
    this.#carried.push(Buffer.from(part))
    this.#carriedBytes += part.length
  }

  #take(rest: Buffer): Buffer {
    const all = Buffer.concat([...this.#carried, rest])
    this.#carried = []
    this.#carriedBytes = 0
    return all
  }
}
