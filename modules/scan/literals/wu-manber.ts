import type { Kernels } from '../kernels/kernels.ts'
import { KernelWindows } from './kernel-windows.ts'
import type { Literal, LiteralCursor, LiteralSearch } from './literal.ts'
import { blockBytes, hashAt, type Tables, tablesOf, type Windows } from './wu-manber-tables.ts'

/** Where texts are made of what literals begin with, an automaton is faster. */
const comparisonsPerByte = 2
const leastPatience = 4096

/** Many literals at once, skipping where the last three bytes of a window end none of them. Case is ignored at first.
 *  @see Wu and Manber, A fast algorithm for multi-pattern searching, 1994 */
export class WuManber implements LiteralSearch {
  readonly #tables: Tables
  readonly #kernels: Kernels | undefined

  /** @param literals at least one, each of at least three bytes */
  constructor(literals: readonly Literal[], kernels?: Kernels) {
    this.#tables = tablesOf(literals)
    this.#kernels = kernels
  }

  over(bytes: Buffer): LiteralCursor {
    const windows =
      this.#kernels === undefined
        ? new PlainWindows(this.#tables, bytes)
        : new KernelWindows(this.#tables, bytes, this.#kernels)
    return new Cursor(this.#tables, bytes, windows)
  }
}

class Cursor implements LiteralCursor {
  literal = 0
  at = 0
  isCostly = false
  readonly #tables: Tables
  readonly #bytes: Buffer
  readonly #windows: Windows
  /** Comparisons with literals that may still be made. */
  #patience: number
  #window = 0
  /** A literal that may be in the window; −1 for none. */
  #candidate = -1

  constructor(tables: Tables, bytes: Buffer, windows: Windows) {
    this.#tables = tables
    this.#bytes = bytes
    this.#windows = windows
    this.#patience = leastPatience + bytes.length * comparisonsPerByte
  }

  next(): boolean {
    const { first, following, window } = this.#tables
    for (;;) {
      while (this.#candidate >= 0) {
        const literal = this.#candidate
        this.#candidate = following[literal] as number
        if (--this.#patience < 0) {
          this.isCostly = true
          return false
        }
        if (!this.#isAt(literal, this.#window)) continue
        this.literal = literal
        this.at = this.#window
        return true
      }
      this.#window = this.#windows.next()
      if (this.#window < 0) return false
      this.#candidate = first[hashAt(this.#bytes, this.#window + window - blockBytes)] as number
    }
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

class PlainWindows implements Windows {
  readonly #tables: Tables
  readonly #bytes: Buffer
  /** Where the three bytes at the end of the window begin. */
  #place: number

  constructor(tables: Tables, bytes: Buffer) {
    this.#tables = tables
    this.#bytes = bytes
    this.#place = tables.window - blockBytes
  }

  next(): number {
    const bytes = this.#bytes
    const { shifts, window } = this.#tables
    const last = bytes.length - blockBytes
    let place = this.#place
    while (place <= last) {
      const shift = shifts[hashAt(bytes, place)] as number
      if (shift === 0) {
        this.#place = place + 1
        return place - (window - blockBytes)
      }
      place += shift
    }
    this.#place = place
    return -1
  }
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
