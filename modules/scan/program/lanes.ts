import type { LazyDfa } from './lazy-dfa.ts'
import { walkFour } from './walk-table.ts'

const newline = 0x0a

/** Takes a piece of lines in four places at once. Shorter pieces, and those with too few lines, are taken as by `run`. When the table is emptied, or
 *  learning costs too much, only what the first lane took counts; what was told is true all the same.
 *  @param tell is told what is decided, and behind which byte; nothing is left in `dfa.decided`
 *  @returns behind the last byte taken */
export function runLanes(
  dfa: LazyDfa,
  bytes: Uint8Array,
  from: number,
  to: number,
  maxSteps: number,
  tell: (decided: readonly number[], at: number) => void,
): number {
  const lanes = new Lanes(dfa, bytes, maxSteps, tell)
  const cuts = to - from < minBytes ? undefined : cutsOf(bytes, from, to)
  return cuts === undefined ? lanes.one(from, to) : lanes.four(cuts)
}

/** Too little to be worth the setting up. */
const minBytes = 16 * 1024

type Cuts = readonly [number, number, number, number, number]

/** Beginnings of lines, a quarter of the piece apart. */
function cutsOf(bytes: Uint8Array, from: number, to: number): Cuts | undefined {
  const quarter = (to - from) >> 2
  const [b, c, d] = [1, 2, 3].map((n) => bytes.indexOf(newline, from + n * quarter) + 1) as [
    number,
    number,
    number,
  ]
  return b === 0 || c <= b || d <= c || d >= to ? undefined : [from, b, c, d, to]
}

class Lanes {
  readonly #dfa: LazyDfa
  readonly #bytes: Uint8Array
  readonly #maxSteps: number
  readonly #tell: (decided: readonly number[], at: number) => void

  constructor(
    dfa: LazyDfa,
    bytes: Uint8Array,
    maxSteps: number,
    tell: (decided: readonly number[], at: number) => void,
  ) {
    this.#dfa = dfa
    this.#bytes = bytes
    this.#maxSteps = dfa.steps + maxSteps
    this.#tell = tell
  }

  /** From where the automaton stands. */
  one(from: number, to: number): number {
    const dfa = this.#dfa
    let i = from
    while (i < to) {
      i = dfa.run(this.#bytes, i, to, this.#maxSteps - dfa.steps)
      if (dfa.decided.length > 0) this.#tell(dfa.decided, i)
      if (dfa.steps > this.#maxSteps) break
    }
    return i
  }

  four([from, second, third, fourth, to]: Cuts): number {
    const dfa = this.#dfa
    const { flushes } = dfa
    const here = dfa.at
    dfa.restart()
    const start = dfa.row
    dfa.at = here
    const rows = Int32Array.of(dfa.row, start, start, start)
    if (dfa.flushes !== flushes) return this.one(from, to)
    const places = [from, second, third, fourth] as const
    const length = Math.min(second - from, third - second, fourth - third, to - fourth)
    for (let i = 0; i < length; i++) {
      i = walkFour(dfa.table, dfa.classes, this.#bytes, rows, places, i, length)
      if (i < length && !this.#serveFour(rows, places, i, flushes)) return from + i + 1
    }
    const ends = [second, third, fourth, to]
    for (const [lane, place] of places.entries()) {
      dfa.row = rows[lane] as number
      const end = ends[lane] as number
      const i = this.one(place + length, end)
      // The next lane begins where this one ends; it is lost when the table was emptied.
      if (dfa.flushes !== flushes || i < end) return i
    }
    return to
  }

  /** One byte in each lane.
   *  @returns false when only the first lane counts any more; the automaton stands where that is */
  #serveFour(rows: Int32Array, places: readonly number[], i: number, flushes: number): boolean {
    const dfa = this.#dfa
    rows[0] = this.#serve(rows[0] as number, (places[0] as number) + i)
    // An emptied table has the row of the byte served last only; the first lane can be brought back.
    if (dfa.flushes !== flushes) return false
    const first = dfa.at
    for (let lane = 1; lane < 4; lane++) {
      rows[lane] = this.#serve(rows[lane] as number, (places[lane] as number) + i)
      if (dfa.flushes === flushes && dfa.steps <= this.#maxSteps) continue
      dfa.at = first
      return false
    }
    return true
  }

  #serve(row: number, at: number): number {
    const dfa = this.#dfa
    dfa.row = row
    dfa.run(this.#bytes, at, at + 1)
    if (dfa.decided.length > 0) this.#tell(dfa.decided, at + 1)
    return dfa.row
  }
}
