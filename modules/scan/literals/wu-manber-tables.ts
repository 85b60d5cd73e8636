import type { Literal } from './literal.ts'

export const blockBytes = 3
/** The kernels know it too. */
const hashBits = 16

export interface Tables {
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

/** The places where a literal may begin, in their order. */
export interface Windows {
  /** @returns −1 when there are no more */
  next(): number
}

/** @param literals at least one, each of at least three bytes */
export function tablesOf(literals: readonly Literal[]): Tables {
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

/** Of three bytes, without the bit that tells the cases of a letter. */
export function hashAt(bytes: Uint8Array, at: number): number {
  const block = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
  return hashOf(block | 0x202020)
}

/** Of the first eight bytes of a window, or all of a shorter one, likewise. */
export function beginningHash(bytes: Uint8Array, window: number): number {
  const [low, high] = [0, 4].map((from) => {
    let word = 0
    for (let i = from; i < Math.min(from + 4, window); i++)
      word |= ((bytes[i] as number) | 0x20) << (8 * (i - from))
    return word
  }) as [number, number]
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> (32 - hashBits)
}

function hashOf(block: number): number {
  return Math.imul(block, 0x9e3779b1) >>> (32 - hashBits)
}
