import { type Kernels, Region } from '../kernels/kernels.ts'
import { layout } from '../kernels/layout.ts'
import { beginningHash, type Tables, type Windows } from './wu-manber-tables.ts'

/** Bytes of a text whose windows are looked at in one call. */
const stretchBytes = 64 * 1024
/** Fewer are not worth four beginnings. */
const minFourBytes = 512
/** Windows of a quarter that may hold a literal: an eighth of all. */
const quarterRoom = 2048
const room = 4 * quarterRoom

/** The windows that the kernel finds. It looks at what a window begins with too, so that few of them hold nothing. */
export class KernelWindows implements Windows {
  readonly #tables: Tables
  readonly #bytes: Buffer
  readonly #kernels: Kernels
  /** The next window that was not looked at. */
  #place = 0
  #piece: { readonly from: number; readonly to: number }
  /** Windows found: a copy, for others use the memory meanwhile. */
  #found: Int32Array = nothing
  #next = 0

  constructor(tables: Tables, bytes: Buffer, kernels: Kernels) {
    this.#tables = tables
    this.#bytes = bytes
    this.#kernels = kernels
    this.#piece = { from: 0, to: kernels.pieceEnd(bytes, 0) }
  }

  next(): number {
    while (this.#next === this.#found.length) {
      if (this.#place + this.#tables.window > this.#bytes.length) return -1
      this.#look()
    }
    return this.#found[this.#next++] as number
  }

  #look(): void {
    const { window } = this.#tables
    this.#load()
    if (this.#place + window > this.#piece.to) {
      this.#piece = { from: this.#place, to: this.#kernels.pieceEnd(this.#bytes, this.#place) }
    }
    const { from, to } = this.#piece
    const hay = this.#kernels.addressOf(this.#bytes, from, to, this.#piece)
    const end = Math.min(to, this.#place + stretchBytes + window - 1)
    const found = this.#four(hay, end) ?? this.#one(hay, end)
    for (let i = 0; i < found.length; i++) (found[i] as number) += from
    this.#found = found
    this.#next = 0
  }

  /** @returns undefined when it does not pay, or there are too many */
  #four(hay: number, end: number): Int32Array | undefined {
    const { words, run } = this.#kernels
    const { window } = this.#tables
    const { from } = this.#piece
    if (end - this.#place < minFourBytes) return undefined
    const fits = run.skip4(
      hay,
      this.#place - from,
      end - from,
      layout.shifts,
      layout.filter,
      window,
      quarterRoom,
      layout.found,
    )
    if (fits !== 0) return undefined
    this.#place = end - window + 1
    const state = layout.found >> 2
    const counts = words.subarray(state, state + 4)
    const sum = counts.reduce((all, count) => all + count, 0)
    if (sum === 0) return nothing
    const found = new Int32Array(sum)
    let at = 0
    for (const [quarter, count] of counts.entries()) {
      const first = state + 4 + quarter * quarterRoom
      found.set(words.subarray(first, first + count), at)
      at += count
    }
    return found
  }

  #one(hay: number, end: number): Int32Array {
    const { words, run } = this.#kernels
    const { window } = this.#tables
    const { from } = this.#piece
    const count = run.skip1(
      hay,
      this.#place - from,
      end - from,
      layout.shifts,
      layout.filter,
      window,
      room,
      layout.found,
    )
    const state = layout.found >> 2
    this.#place = from + (words[state] as number)
    return words.slice(state + 1, state + 1 + count)
  }

  /** Puts the tables where the kernel looks for them. */
  #load(): void {
    const { bytes } = this.#kernels
    if (!this.#kernels.take(Region.shifts, this.#tables)) return
    bytes.set(this.#tables.shifts, layout.shifts)
    bytes.fill(0, layout.filter, layout.filter + 0x2000)
    for (const text of this.#tables.texts) {
      const hash = beginningHash(text, this.#tables.window)
      bytes[layout.filter + (hash >> 3)] = (bytes[layout.filter + (hash >> 3)] as number) | (1 << (hash & 7))
    }
  }
}

const nothing = new Int32Array(0)
