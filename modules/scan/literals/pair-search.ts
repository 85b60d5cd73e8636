import { type Find, type Kernels, Region } from '../kernels/kernels.ts'
import { layout } from '../kernels/layout.ts'
import { byteFrequency } from './byte-frequency.ts'
import type { Literal, LiteralCursor, LiteralSearch } from './literal.ts'

/** Most literals of a search, and most bytes of one. */
export const maxPairs = 4
export const maxPairBytes = 64
/** Where texts are made of what literals begin with, an automaton is faster. */
const comparisonsPerByte = 2
const leastPatience = 4096
/** Occurrences of the first call, then four times as many each time: most searches are over with the first. */
const leastRoom = 16
const mostRoom = 1024

/** A few literals at once, by two rare bytes of each, 64 places at a time. */
export class PairSearch implements LiteralSearch {
  readonly kernels: Kernels
  readonly find: Find
  readonly longestBytes: number
  readonly #needles: readonly Needle[]

  /** @param literals one to four, of two to 64 bytes each */
  constructor(literals: readonly Literal[], kernels: Kernels) {
    this.kernels = kernels
    this.#needles = literals.map(needleOf)
    this.longestBytes = Math.max(...literals.map(({ text }) => text.length))
    const { findExact, find1, find2, find3, find4 } = kernels.run
    const isExact = this.#needles.every(({ folds }) => folds.every((fold) => fold === 0))
    this.find = [isExact ? findExact : find1, find2, find3, find4][literals.length - 1] as Find
  }

  over(bytes: Buffer): LiteralCursor {
    return new Cursor(this, bytes)
  }

  /** Puts the needles where the kernel looks for them. */
  load(): void {
    const { kernels } = this
    if (!kernels.take(Region.needles, this)) return
    for (const [i, { text, folds, first, second }] of this.#needles.entries()) {
      const address = layout.texts + i * 2 * maxPairBytes
      kernels.bytes.set(text, address)
      kernels.bytes.set(folds, address + maxPairBytes)
      const rare = [first, second].flatMap((at) => [text[at] as number, folds[at] as number, at])
      kernels.words.set([...rare, text.length, address], (layout.needles >> 2) + i * 8)
    }
  }
}

interface Needle {
  readonly text: Uint8Array
  /** What is or'ed to a byte of a text before it is compared. */
  readonly folds: Uint8Array
  /** Offsets of the two bytes that are rarest in texts. */
  readonly first: number
  readonly second: number
}

function needleOf({ text, ignoreCase }: Literal): Needle {
  const bytes = Buffer.from(text, 'latin1')
  const folds = bytes.map((byte) => (ignoreCase && byte >= 0x61 && byte <= 0x7a ? 0x20 : 0))
  const frequency = (at: number): number => byteFrequency(bytes[at] as number, folds[at] !== 0)
  const offsets = [...bytes.keys()].sort((a, b) => frequency(a) - frequency(b))
  const first = offsets[0] as number
  // Twice the same byte would tell little.
  const second = offsets.find((at) => bytes[at] !== bytes[first]) ?? (offsets[1] as number)
  return { text: bytes, folds, first, second }
}

class Cursor implements LiteralCursor {
  literal = 0
  at = -1
  isCostly = false
  readonly #search: PairSearch
  readonly #bytes: Buffer
  #patience: number
  /** Up to where was looked. */
  #place = 0
  /** The piece of the text that is before the kernel. */
  #piece = { from: 0, to: 0 }
  /** What was found there, place and literal by turns: a copy, for others use the memory meanwhile. */
  #found: Int32Array = nothing
  #next = 0
  #room = leastRoom

  constructor(search: PairSearch, bytes: Buffer) {
    this.#search = search
    this.#bytes = bytes
    this.#patience = leastPatience + bytes.length * comparisonsPerByte
    this.#piece.to = search.kernels.pieceEnd(bytes, 0)
  }

  next(): boolean {
    while (this.#next === this.#found.length) {
      this.isCostly = this.#patience < 0
      if (this.#place >= this.#bytes.length || this.isCostly) return false
      this.#look()
    }
    this.at = this.#found[this.#next] as number
    this.literal = this.#found[this.#next + 1] as number
    this.#next += 2
    return true
  }

  #look(): void {
    const { kernels, find, longestBytes } = this.#search
    this.#search.load()
    // Beyond it, what a literal needs may not be within the piece.
    const limit = (): number =>
      this.#piece.to === this.#bytes.length ? this.#bytes.length : this.#piece.to - longestBytes + 1
    if (this.#place >= limit()) {
      this.#piece = { from: this.#place, to: kernels.pieceEnd(this.#bytes, this.#place) }
    }
    const { from, to } = this.#piece
    const { words } = kernels
    const state = layout.found >> 2
    words[state + 1] = this.#patience
    const hay = kernels.addressOf(this.#bytes, from, to, this.#piece)
    const count = find(hay, this.#place - from, to - from, layout.needles, this.#room, layout.found)
    this.#patience = words[state + 1] as number
    const place = from + (words[state] as number)
    this.#place = Math.min(place, limit())
    this.#found = count === 0 ? nothing : words.slice(state + 2, state + 2 + 2 * count)
    for (let i = 0; i < this.#found.length; i += 2) {
      const at = from + (this.#found[i] as number)
      this.#found[i] = at
      // It will be found again, in the next piece.
      if (at >= this.#place) this.#found = this.#found.subarray(0, i)
    }
    this.#next = 0
    this.#room = Math.min(mostRoom, this.#room * 4)
  }
}

const nothing = new Int32Array(0)
