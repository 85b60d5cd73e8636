import type { LazyDfa } from './lazy-dfa.ts'

const newline = 0x0a

/** Takes a piece of lines in four places at once: what a look-up says is needed for the next one only, so that four are under
 *  way in the time of one. Shorter pieces, and those with too few lines, are taken as by `run`. When the table is emptied, or
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
    const bytes = this.#bytes
    const { classes, flushes } = dfa
    const here = dfa.at
    dfa.restart()
    let b = dfa.row
    let c = b
    let d = b
    dfa.at = here
    let a = dfa.row
    if (dfa.flushes !== flushes) return this.one(from, to)
    let { table } = dfa
    const length = Math.min(second - from, third - second, fourth - third, to - fourth)
    for (let i = 0; i < length; i++) {
      const nextA = table[a + (classes[bytes[from + i] as number] as number)] as number
      const nextB = table[b + (classes[bytes[second + i] as number] as number)] as number
      const nextC = table[c + (classes[bytes[third + i] as number] as number)] as number
      const nextD = table[d + (classes[bytes[fourth + i] as number] as number)] as number
      if ((nextA | nextB | nextC | nextD) >= 0) {
        a = nextA
        b = nextB
        c = nextC
        d = nextD
        continue
      }
      a = nextA >= 0 ? nextA : this.#serve(a, from + i)
      // An emptied table has the row of the byte served last only; the first lane can be brought back.
      if (dfa.flushes !== flushes) return from + i + 1
      const first = dfa.configurationOf(a)
      b = nextB >= 0 ? nextB : this.#serve(b, second + i)
      if (dfa.flushes === flushes) c = nextC >= 0 ? nextC : this.#serve(c, third + i)
      if (dfa.flushes === flushes) d = nextD >= 0 ? nextD : this.#serve(d, fourth + i)
      if (dfa.flushes !== flushes || dfa.steps > this.#maxSteps) {
        dfa.at = first
        return from + i + 1
      }
      table = dfa.table
    }
    const ends = [second, third, fourth, to]
    for (const [lane, row] of [a, b, c, d].entries()) {
      dfa.row = row
      const end = ends[lane] as number
      const i = this.one(([from, second, third, fourth][lane] as number) + length, end)
      // The next lane begins where this one ends; it is lost when the table was emptied.
      if (dfa.flushes !== flushes || i < end) return i
    }
    return to
  }

  #serve(row: number, at: number): number {
    const dfa = this.#dfa
    dfa.row = row
    dfa.run(this.#bytes, at, at + 1)
    if (dfa.decided.length > 0) this.#tell(dfa.decided, at + 1)
    return dfa.row
  }
}
