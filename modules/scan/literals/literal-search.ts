import type { Kernels } from '../kernels/kernels.ts'
import type { Literal, LiteralCursor, LiteralSearch } from './literal.ts'
import { maxPairBytes, maxPairs, PairSearch } from './pair-search.ts'
import { WuManber } from './wu-manber.ts'

/** @param literals at least one, each of at least three bytes; up to four may be of two when there are kernels */
export function literalSearch(literals: readonly Literal[], kernels?: Kernels): LiteralSearch {
  if (kernels !== undefined) {
    const areFew = literals.length <= maxPairs && literals.every(({ text }) => text.length <= maxPairBytes)
    return areFew ? new PairSearch(literals, kernels) : new WuManber(literals, kernels)
  }
  const shortest = literals.reduce(
    (length, { text }) => Math.min(length, text.length),
    Number.POSITIVE_INFINITY,
  )
  // One after the other in native code is faster than all at once where these can skip little.
  const most = shortest < 6 ? 6 : 2
  if (literals.length > most || literals.some(({ ignoreCase }) => ignoreCase)) return new WuManber(literals)
  const needles = literals.map(({ text }) => Buffer.from(text, 'latin1'))
  return { over: (bytes) => new FewLiterals(needles, bytes) }
}

/** Each by itself, together in the order of their places. */
class FewLiterals implements LiteralCursor {
  literal = 0
  at = -1
  readonly isCostly = false
  readonly #needles: readonly Buffer[]
  readonly #bytes: Buffer
  /** By literal: where it is next; behind the end when it is not there. */
  readonly #places: number[]

  constructor(needles: readonly Buffer[], bytes: Buffer) {
    this.#needles = needles
    this.#bytes = bytes
    this.#places = needles.map((_, literal) => this.#find(literal, 0))
  }

  next(): boolean {
    let literal = 0
    for (let other = 1; other < this.#places.length; other++) {
      if ((this.#places[other] as number) < (this.#places[literal] as number)) literal = other
    }
    this.literal = literal
    this.at = this.#places[literal] as number
    if (this.at === this.#bytes.length) return false
    this.#places[literal] = this.#find(literal, this.at + 1)
    return true
  }

  #find(literal: number, from: number): number {
    const place = this.#bytes.indexOf(this.#needles[literal] as Buffer, from)
    return place < 0 ? this.#bytes.length : place
  }
}
