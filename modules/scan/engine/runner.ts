import type { Configuration } from '../program/automaton.ts'
import { runLanes } from '../program/lanes.ts'
import type { DfaPool, Engine } from './dfa-pool.ts'
import type { Meter } from './meter.ts'
import { nothing } from './nothing.ts'

/** Told of each pattern, once unless each line counts, with the place behind the byte that decided it. */
export type Decide = (pattern: number, at: number) => void

const newline = 0x0a

/** Takes a text piece by piece through the automaton of a set of patterns. When its table is emptied too often, the set is
 *  halved; one pattern alone is simulated: the cost of a byte is never more than the size of the patterns. */
export class Runner {
  readonly #pool: DfaPool
  readonly #meter: Meter
  readonly #isCounting: boolean
  readonly #first: Part
  #parts: Part[]

  /** @param isCounting tell of each line in which a pattern is decided (of lines only), perhaps several times of one, and of none before
   *    one that was told of */
  constructor(pool: DfaPool, patterns: readonly number[], meter: Meter, isCounting = false) {
    this.#pool = pool
    this.#meter = meter
    this.#isCounting = isCounting
    this.#first = partOf(pool, patterns, pool.cells)
    this.#parts = [this.#first]
  }

  /** Are all patterns decided? */
  get isDone(): boolean {
    return this.#parts.length === 0
  }

  /** To the beginning of another text, with all patterns. */
  restart(): void {
    this.#first.restart()
    if (this.#parts.length !== 1 || this.#parts[0] !== this.#first) this.#parts = [this.#first]
  }

  /** @returns what is left to do, which yields where others may have their turn; `nothing` when all is done */
  run(bytes: Buffer, from: number, to: number, decide: Decide): Iterable<void> {
    const [only] = this.#parts
    if (this.#parts.length === 1 && only !== undefined && !only.isSimulated) {
      // By far the most: one automaton that has its way without being disturbed.
      const end = this.#runDfa(only, bytes, from, to, decide)
      if (only.emptied < maxEmptied && (end === to || only.open.size === 0) && this.#meter.left > 0) {
        if (only.open.size === 0) this.#parts = []
        return nothing
      }
      return this.#runAll(bytes, end, to, decide)
    }
    return this.#parts.length === 0 ? nothing : this.#runAll(bytes, from, to, decide)
  }

  *#runAll(bytes: Buffer, from: number, to: number, decide: Decide): Generator<void, void> {
    const queue = this.#parts.map((part) => ({ part, at: from }))
    // Grows while it is walked through.
    for (const { part, at } of queue) {
      let i = at
      for (;;) {
        if (part.emptied >= maxEmptied)
          queue.push(...this.#relieve(part).map((half) => ({ part: half, at: i })))
        if (this.#meter.left <= 0) {
          yield
          this.#meter.breathe()
        }
        if (i >= to || part.open.size === 0) break
        i = part.isSimulated
          ? this.#simulate(part, bytes, i, to, decide)
          : this.#runDfa(part, bytes, i, to, decide)
      }
    }
    this.#parts = queue.map(({ part }) => part).filter(({ open }) => open.size > 0)
  }

  /** @see Automaton.end */
  end(hasLine: boolean, decide: (pattern: number) => void): void {
    for (const { engine, at, open, isPassing } of this.#parts) {
      if (isPassing) continue
      for (const pattern of engine.automaton.end(at, hasLine)) if (open.delete(pattern)) decide(pattern)
    }
  }

  /** Forgets a pattern. */
  drop(pattern: number): void {
    for (const { open } of this.#parts) open.delete(pattern)
    this.#parts = this.#parts.filter(({ open }) => open.size > 0)
  }

  /** @returns behind the last byte taken: `to`, or where something is to be looked after */
  #runDfa(part: Part, bytes: Buffer, from: number, to: number, decide: Decide): number {
    if (part.isPassing) return this.#passLine(part, bytes, from, to)
    const { dfa } = part.engine
    const { steps, flushes } = dfa
    dfa.at = part.at
    const pieceEnd = Math.min(to, from + maxPieceBytes)
    const isParallel =
      this.#pool.language.text === 'lines' && !this.#isCounting && part.bytes >= part.singleTo
    const end = isParallel
      ? runLanes(dfa, bytes, from, pieceEnd, this.#meter.left, (decided, at) =>
          this.#takeNews(part, decided, at, decide),
        )
      : dfa.run(bytes, from, pieceEnd, this.#meter.left)
    // Where lanes were given up, they would be again.
    if (isParallel && end < pieceEnd) part.singleTo = part.bytes + bytesOfPatience
    part.at = dfa.at
    this.#meter.add(end - from + dfa.steps - steps)
    part.emptied += dfa.flushes - flushes
    part.bytes += end - from
    // A long text may have many states: what counts is how often within some bytes.
    if (part.bytes > bytesOfPatience) {
      part.singleTo = Math.max(0, part.singleTo - part.bytes)
      part.bytes = 0
      part.emptied = 0
    }
    if (!isParallel && dfa.decided.length > 0) {
      const told = this.#takeNews(part, dfa.decided, end, decide)
      part.isPassing = this.#isCounting && bytes[end - 1] !== newline && told === part.open.size
    } else if (part.oldNews >= maxOldNews) this.#renew(part)
    return end
  }

  /** To the end of a line of which everything is known. */
  #passLine(part: Part, bytes: Buffer, from: number, to: number): number {
    const end = bytes.indexOf(newline, from) + 1
    const isOver = end > 0 && end <= to
    const next = isOver ? end : to
    this.#meter.add(next - from)
    if (isOver) {
      part.isPassing = false
      part.at = part.engine.automaton.start
    }
    return next
  }

  /** @returns how many patterns were told of */
  #takeNews(part: Part, decided: readonly number[], at: number, decide: Decide): number {
    let told = 0
    for (const pattern of decided) {
      if (!(this.#isCounting ? part.open.has(pattern) : part.open.delete(pattern))) continue
      told += 1
      decide(pattern, at)
    }
    if (told === 0) part.oldNews += 1
    return told
  }

  /** What is known is said again and again: go on with what is not. */
  #renew(part: Part): void {
    part.oldNews = 0
    if (part.open.size === 0) return
    part.engine = this.#pool.get([...part.open], part.cells)
    part.at = part.engine.automaton.adopt(part.at)
  }

  #simulate(part: Part, bytes: Buffer, from: number, to: number, decide: Decide): number {
    if (part.isPassing) return this.#passLine(part, bytes, from, to)
    const { automaton } = part.engine
    const { steps } = automaton
    const maxSteps = this.#meter.left
    let i = from
    while (i < to && part.open.size > 0 && automaton.steps - steps + i - from <= maxSteps) {
      const { next, decided } = automaton.advance(part.at, bytes[i] as number, false)
      part.at = next
      i += 1
      if (decided.length === 0) continue
      this.#takeNews(part, decided, i, decide)
      part.isPassing = this.#isCounting && bytes[i - 1] !== newline
      if (part.isPassing) break
    }
    automaton.forget()
    this.#meter.add(i - from + automaton.steps - steps)
    return i
  }

  /** @returns what takes the place of the part, which has nothing to do any more; nothing when it goes on by itself */
  #relieve(part: Part): Part[] {
    const patterns = [...part.open]
    part.emptied = 0
    if (patterns.length <= 1) {
      part.isSimulated = true
      // Its table is only a burden now.
      part.engine.dfa.empty()
      return []
    }
    const half = patterns.length >> 1
    part.open.clear()
    return [patterns.slice(0, half), patterns.slice(half)].map((some) => {
      // Together they take no more room than it did.
      const fresh = partOf(this.#pool, some, Math.max(minCells, part.cells >> 1))
      fresh.at = fresh.engine.automaton.adopt(part.at)
      fresh.isPassing = part.isPassing
      return fresh
    })
  }
}

/** Patterns that share an automaton, and where it stands. */
class Part {
  readonly cells: number
  engine: Engine
  at: Configuration
  /** Patterns that are not decided. */
  readonly open: Set<number>
  /** How often decided patterns were decided again. */
  oldNews = 0
  /** How often the table was emptied in these last bytes. */
  emptied = 0
  bytes = 0
  /** Up to where lanes are not tried. */
  singleTo = 0
  isSimulated = false
  /** All that it may tell of the line was told: the rest of it is passed by. */
  isPassing = false
  readonly #patterns: readonly number[]
  readonly #engine: Engine

  constructor(engine: Engine, patterns: readonly number[], cells: number) {
    this.#engine = engine
    this.#patterns = patterns
    this.engine = engine
    this.cells = cells
    this.at = engine.automaton.start
    this.open = new Set(patterns)
  }

  restart(): void {
    this.engine = this.#engine
    this.at = this.engine.automaton.start
    if (this.open.size !== this.#patterns.length) for (const pattern of this.#patterns) this.open.add(pattern)
    this.oldNews = 0
    this.emptied = 0
    this.bytes = 0
    this.singleTo = 0
    this.isSimulated = false
    this.isPassing = false
  }
}

function partOf(pool: DfaPool, patterns: readonly number[], cells: number): Part {
  return new Part(pool.get(patterns, cells), patterns, cells)
}

/** A table of fewer cells is emptied before it was of use. */
const minCells = 16 * 1024
const maxOldNews = 64
/** As much as lanes are worth being set up for, and as kernels take at a time. */
const maxPieceBytes = 256 * 1024
/** A table emptied so often within so many bytes does not pay. */
const maxEmptied = 3
const bytesOfPatience = 1024 * 1024
