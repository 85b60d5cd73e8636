import type { Kernels } from '../kernels/kernels.ts'
import { newlinesIn } from '../kernels/newlines.ts'

/** A line of a text: never what is in it. */
export interface LinePlace {
  /** From 1 on. */
  readonly line: number
  /** Of its first byte, in the text. */
  readonly offset: number
}

export interface LinesFound {
  /** How many lines. */
  readonly count: number
  /** The first of them, in their order. */
  readonly places: readonly LinePlace[]
}

interface Lines {
  count: number
  /** Where the line begins that was counted last. */
  last: number
  readonly places: LinePlace[]
  /** Where lines begin that have no number yet. */
  readonly offsets: number[]
}

/** Counts lines for patterns. Lines of one pattern come in their order, each perhaps several times. */
export class LineCounts {
  readonly #lines: ReadonlyMap<number, Lines>
  readonly #maxPlaces: number
  readonly #kernels: Kernels | undefined
  /** Newlines of all chunks that were taken. */
  #newlines = 0
  #isNew = false

  /** @param maxPlaces of each pattern */
  constructor(patterns: readonly number[], maxPlaces: number, kernels: Kernels | undefined) {
    this.#lines = new Map(
      patterns.map((pattern) => [pattern, { count: 0, last: -1, places: [], offsets: [] }]),
    )
    this.#maxPlaces = maxPlaces
    this.#kernels = kernels
  }

  of(pattern: number): LinesFound | undefined {
    return this.#lines.get(pattern)
  }

  restart(): void {
    for (const lines of this.#lines.values()) {
      lines.count = 0
      lines.last = -1
      lines.places.length = 0
      lines.offsets.length = 0
    }
    this.#newlines = 0
    this.#isNew = false
  }

  /** @param offset where the line begins */
  add(pattern: number, offset: number): void {
    const lines = this.#lines.get(pattern)
    if (lines === undefined || offset <= lines.last) return
    lines.last = offset
    lines.count += 1
    if (lines.count > this.#maxPlaces) return
    lines.offsets.push(offset)
    this.#isNew = true
  }

  /** Everything is known of a chunk.
   *  @param offset of the chunk */
  took(chunk: Buffer, offset: number): void {
    if (this.#maxPlaces === 0) return
    let at = 0
    let newlines = this.#newlines
    if (this.#isNew) {
      const fresh = [...this.#lines.values()].filter(({ offsets }) => offsets.length > 0)
      const numbers = new Map<number, number>()
      for (const lineStart of [...new Set(fresh.flatMap(({ offsets }) => offsets))].sort((a, b) => a - b)) {
        // A line that began before the chunk is the one that the chunk begins in.
        const place = Math.max(0, lineStart - offset)
        newlines += newlinesIn(chunk, at, place, this.#kernels)
        at = place
        numbers.set(lineStart, newlines + 1)
      }
      for (const { offsets, places } of fresh) {
        for (const lineStart of offsets)
          places.push({ line: numbers.get(lineStart) as number, offset: lineStart })
        offsets.length = 0
      }
      this.#isNew = false
    }
    this.#newlines = newlines + newlinesIn(chunk, at, chunk.length, this.#kernels)
  }
}
