import type { Literal } from './literal.ts'
import { WuManber } from './wu-manber.ts'

/** Finds where literals are in texts; several may be searched at a time. */
export interface LiteralSearch {
  /** @param bytes must not change while the cursor is used */
  over(bytes: Buffer): LiteralCursor
}

export interface LiteralCursor {
  /** The literal found last, and where it begins. */
  readonly literal: number
  readonly at: number
  /** @returns false when there is no more */
  next(): boolean
}

/** @param literals at least one, each of at least `minLength` bytes */
export function literalSearch(literals: readonly Literal[]): LiteralSearch {
  const [only] = literals
  if (literals.length !== 1 || only === undefined || only.ignoreCase) return new WuManber(literals)
  const needle = Buffer.from(only.text, 'latin1')
  return { over: (bytes) => new OneLiteral(needle, bytes) }
}

class OneLiteral implements LiteralCursor {
  readonly literal = 0
  at = -1
  readonly #needle: Buffer
  readonly #bytes: Buffer

  constructor(needle: Buffer, bytes: Buffer) {
    this.#needle = needle
    this.#bytes = bytes
  }

  next(): boolean {
    this.at = this.#bytes.indexOf(this.#needle, this.at + 1)
    return this.at >= 0
  }
}
