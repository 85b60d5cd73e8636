import type { Literal, LiteralCursor, LiteralSearch } from './literal.ts'

const blockBytes = 3
const hashBits = 16
/** Where texts are made of what literals begin with, an automaton is faster. */
const comparisonsPerByte = 2
const leastPatience = 4096

/** Many literals at once, skipping where the last three bytes of a window end none of them. Case is ignored at first.
 *  @see Wu and Manber, A fast algorithm for multi-pattern searching, 1994 */
export class WuManber implements LiteralSearch {
  readonly #tables: Tables

  /** @param literals at least one, each of at least three bytes */
  constructor(literals: readonly Literal[]) {
    this.#tables = tablesOf(literals)
  }

  over(bytes: Buffer): LiteralCursor {
    return new Cursor(this.#tables, bytes)
  }
}

interface Tables {
  readonly texts: readonly Buffer[]
  readonly ignoreCase: readonly boolean[]
  /** The length of the shortest literal: only so much of each is looked at to skip. */
  readonly window: number
  /** By hash of three bytes: how far the window may move. */
  readonly shifts: Uint8Array
  /** By hash: the first literal whose window ends so, then from each to the next; −1 ends. */
  readonly first: Int32Array
  readonly following: Int32Array
}

function tablesOf(literals: readonly Literal[]): Tables {
  const texts = literals.map(({ text }) => Buffer.from(text, 'latin1'))
  const window = texts.reduce((shortest, { length }) => Math.min(shortest, length), 255)
  const shifts = new Uint8Array(1 << hashBits).fill(window - blockBytes + 1)
  const first = new Int32Array(1 << hashBits).fill(-1)
  const following = new Int32Array(literals.length).fill(-1)
  const last = window - blockBytes
  for (const [i, text] of texts.entries()) {
    for (let at = 0; at <= last; at++) {
      const hash = hashAt(text, at)
      shifts[hash] = Math.min(shifts[hash] as number, last - at)
    }
    const end = hashAt(text, last)
    following[i] = first[end] as number
    first[end] = i
  }
  return { texts, ignoreCase: literals.map(({ ignoreCase }) => ignoreCase), window, shifts, first, following }
}

class Cursor implements LiteralCursor {
  literal = 0
  at = 0
  isCostly = false
  readonly #tables: Tables
  readonly #bytes: Buffer
  /** Comparisons with literals that may still be made. */
  #patience: number
  /** Where the three bytes at the end of the window begin. */
  #place: number
  /** A literal that may be where the window was last; −1 for none. */
  #candidate = -1

  constructor(tables: Tables, bytes: Buffer) {
    this.#tables = tables
    this.#bytes = bytes
    this.#place = tables.window - blockBytes
    this.#patience = leastPatience + bytes.length * comparisonsPerByte
  }

  next(): boolean {
    const { following, window } = this.#tables
    for (;;) {
      while (this.#candidate >= 0) {
        const literal = this.#candidate
        this.#candidate = following[literal] as number
        const start = this.#place - 1 - (window - blockBytes)
        if (--this.#patience < 0) {
          this.isCostly = true
          return false
        }
        if (!this.#isAt(literal, start)) continue
        this.literal = literal
        this.at = start
        return true
      }
      if (!this.#skip()) return false
    }
  }

  /** To the next place where the end of a window is that of some literal. */
  #skip(): boolean {
    const bytes = this.#bytes
    const { shifts, first } = this.#tables
    const last = bytes.length - blockBytes
    let place = this.#place
    while (place <= last) {
      const hash = hashAt(bytes, place)
      const shift = shifts[hash] as number
      if (shift === 0) {
        this.#candidate = first[hash] as number
        this.#place = place + 1
        return true
      }
      place += shift
    }
    this.#place = place
    return false
  }

  #isAt(literal: number, start: number): boolean {
    const bytes = this.#bytes
    const text = this.#tables.texts[literal] as Buffer
    if (start + text.length > bytes.length) return false
    if (this.#tables.ignoreCase[literal] === true) {
      for (let i = 0; i < text.length; i++) if (lower(bytes[start + i] as number) !== text[i]) return false
    } else {
      for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
    }
    return true
  }
}

/** Of three bytes, without the bit that tells the cases of a letter. */
function hashAt(bytes: Buffer, at: number): number {
  const block = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
  return Math.imul(block | 0x202020, 0x9e3779b1) >>> (32 - hashBits)
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
