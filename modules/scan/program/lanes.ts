import { kernelLanes } from '../kernels/kernel-table.ts'
import type { LazyDfa } from './lazy-dfa.ts'
import { walkFour } from './walk-table.ts'

const newline = 0x0a

/** Takes a piece of lines in several places at once: eight in the kernels, four without. Shorter pieces, and those with too few lines, are taken
 *  as by `run`. When the table is emptied, or learning costs too much, only what the first lane took counts; what was told is true all the same.
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
  const cuts = to - from < minBytes ? undefined : cutsOf(bytes, from, to, lanes.count)
  return cuts === undefined ? lanes.one(from, to) : lanes.many(cuts)
}

/** Too little to be worth the setting up. */
const minBytes = 16 * 1024

/** Beginnings of lines, equally far apart, and the end.
 *  @returns undefined when there are too few lines */
function cutsOf(bytes: Uint8Array, from: number, to: number, lanes: number): Int32Array | undefined {
  const cuts = new Int32Array(lanes + 1)
  cuts[0] = from
  for (let lane = 1; lane < lanes; lane++) {
    const cut = bytes.indexOf(newline, from + Math.floor(((to - from) * lane) / lanes)) + 1
    if (cut <= (cuts[lane - 1] as number)) return undefined
    cuts[lane] = cut
  }
  cuts[lanes] = to
  return (cuts[lanes - 1] as number) < to ? cuts : undefined
}

class Lanes {
  readonly count: number
  readonly #dfa: LazyDfa
  readonly #bytes: Uint8Array
  readonly #maxSteps: number
  readonly #tell: (decided: readonly number[], at: number) => void
  readonly #rows: Int32Array

  constructor(
    dfa: LazyDfa,
    bytes: Uint8Array,
    maxSteps: number,
    tell: (decided: readonly number[], at: number) => void,
  ) {
    this.count = dfa.kernel === undefined ? 4 : kernelLanes
    this.#dfa = dfa
    this.#bytes = bytes
    this.#maxSteps = dfa.steps + maxSteps
    this.#tell = tell
    this.#rows = new Int32Array(this.count)
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

  /** @param cuts where each lane begins, and the end of the last */
  many(cuts: Int32Array): number {
    const dfa = this.#dfa
    const { flushes } = dfa
    const from = cuts[0] as number
    const to = cuts[this.count] as number
    const here = dfa.at
    dfa.restart()
    this.#rows.fill(dfa.row)
    dfa.at = here
    this.#rows[0] = dfa.row
    if (dfa.flushes !== flushes) return this.one(from, to)
    const places = cuts.subarray(0, this.count)
    const length = places.reduce(
      (shortest, cut, lane) => Math.min(shortest, (cuts[lane + 1] as number) - cut),
      to,
    )
    const walk = this.#walker(places, to)
    for (let i = 0; i < length; i++) {
      i = walk(i, length)
      if (i < length && !this.#serve(places, i, flushes)) return from + i + 1
    }
    for (let lane = 0; lane < this.count; lane++) {
      dfa.row = this.#rows[lane] as number
      const end = cuts[lane + 1] as number
      const i = this.one((cuts[lane] as number) + length, end)
      // The next lane begins where this one ends; it is lost when the table was emptied.
      if (dfa.flushes !== flushes || i < end) return i
    }
    return to
  }

  /** @returns takes the bytes of all lanes as far as the table knows them, see `walkFour` */
  #walker(places: Int32Array, to: number): (from: number, length: number) => number {
    const dfa = this.#dfa
    const bytes = this.#bytes
    const rows = this.#rows
    const { kernel } = dfa
    if (kernel === undefined) {
      const four = [...places] as unknown as readonly [number, number, number, number]
      return (from, length) => walkFour(dfa.table, dfa.classes, bytes, rows, four, from, length)
    }
    const first = places[0] as number
    return (from, length) => {
      const base = kernel.kernels.addressOf(bytes, first, to, this) - first
      const addresses = places.map((place) => base + place)
      return kernel.walk(dfa.table, dfa.classes, rows, addresses, from, length)
    }
  }

  /** One byte in each lane.
   *  @returns false when only the first lane counts any more; the automaton stands where that is */
  #serve(places: Int32Array, i: number, flushes: number): boolean {
    const dfa = this.#dfa
    const rows = this.#rows
    rows[0] = this.#step(rows[0] as number, (places[0] as number) + i)
    // An emptied table has the row of the byte served last only; the first lane can be brought back.
    if (dfa.flushes !== flushes) return false
    const first = dfa.at
    for (let lane = 1; lane < this.count; lane++) {
      rows[lane] = this.#step(rows[lane] as number, (places[lane] as number) + i)
      if (dfa.flushes === flushes && dfa.steps <= this.#maxSteps) continue
      dfa.at = first
      return false
    }
    return true
  }

  #step(row: number, at: number): number {
    const dfa = this.#dfa
    dfa.row = row
    dfa.run(this.#bytes, at, at + 1)
    if (dfa.decided.length > 0) this.#tell(dfa.decided, at + 1)
    return dfa.row
  }
}
