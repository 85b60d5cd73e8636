import type { Configuration } from '../program/automaton.ts'
import { runLanes } from '../program/lanes.ts'
import type { DfaPool, Engine } from './dfa-pool.ts'
import type { Meter } from './meter.ts'

/** Told of each pattern, once, with the place behind the byte that decided it. */
export type Decide = (pattern: number, at: number) => void

/** Takes a text piece by piece through the automaton of a set of patterns. When its table is emptied too often, the set is
 *  halved; one pattern alone is simulated: the cost of a byte is never more than the size of the patterns. */
export class Runner {
  readonly #pool: DfaPool
  readonly #meter: Meter
  #parts: Part[]

  constructor(pool: DfaPool, patterns: readonly number[], meter: Meter) {
    this.#pool = pool
    this.#meter = meter
    this.#parts = [partOf(pool, patterns, pool.cells)]
  }

  /** Are all patterns decided? */
  get isDone(): boolean {
    return this.#parts.length === 0
  }

  /** Yields where others may have their turn. */
  *run(bytes: Buffer, from: number, to: number, decide: Decide): Generator<void, void> {
    const queue = this.#parts.map((part) => ({ part, at: from }))
    // Grows while it is walked through.
    for (const { part, at } of queue) {
      for (let i = at; i < to && part.open.size > 0; ) {
        i = part.isSimulated
          ? simulate(part, bytes, i, to, decide, this.#meter)
          : this.#runDfa(part, bytes, i, to, decide)
        if (part.emptied >= maxEmptied)
          queue.push(...this.#relieve(part).map((half) => ({ part: half, at: i })))
        if (this.#meter.left > 0) continue
        yield
        this.#meter.breathe()
      }
    }
    this.#parts = queue.map(({ part }) => part).filter(({ open }) => open.size > 0)
  }

  /** @see Automaton.end */
  end(hasLine: boolean, decide: (pattern: number) => void): void {
    for (const { engine, at, open } of this.#parts) {
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
    const { dfa } = part.engine
    const { steps, flushes } = dfa
    dfa.at = part.at
    const pieceEnd = Math.min(to, from + maxPieceBytes)
    const isParallel = this.#pool.language.text === 'lines' && part.bytes >= part.singleTo
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
    if (!isParallel && dfa.decided.length > 0) this.#takeNews(part, dfa.decided, end, decide)
    else if (part.oldNews >= maxOldNews) this.#renew(part)
    return end
  }

  #takeNews(part: Part, decided: readonly number[], at: number, decide: Decide): void {
    let isNews = false
    for (const pattern of decided) {
      if (!part.open.delete(pattern)) continue
      isNews = true
      decide(pattern, at)
    }
    if (!isNews) part.oldNews += 1
  }

  /** What is known is said again and again: go on with what is not. */
  #renew(part: Part): void {
    part.oldNews = 0
    if (part.open.size === 0) return
    part.engine = this.#pool.get([...part.open], part.cells)
    part.at = part.engine.automaton.adopt(part.at)
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
      return fresh
    })
  }
}

function simulate(part: Part, bytes: Buffer, from: number, to: number, decide: Decide, meter: Meter): number {
  const { automaton } = part.engine
  const { steps } = automaton
  const maxSteps = meter.left
  let i = from
  while (i < to && part.open.size > 0 && automaton.steps - steps + i - from <= maxSteps) {
    const { next, decided } = automaton.advance(part.at, bytes[i] as number, false)
    part.at = next
    i += 1
    for (const pattern of decided) if (part.open.delete(pattern)) decide(pattern, i)
  }
  automaton.forget()
  meter.add(i - from + automaton.steps - steps)
  return i
}

interface Part {
  engine: Engine
  readonly cells: number
  at: Configuration
  /** Patterns that are not decided. */
  readonly open: Set<number>
  /** How often decided patterns were decided again. */
  oldNews: number
  /** How often the table was emptied in these last bytes. */
  emptied: number
  bytes: number
  /** Up to where lanes are not tried. */
  singleTo: number
  isSimulated: boolean
}

function partOf(pool: DfaPool, patterns: readonly number[], cells: number): Part {
  const engine = pool.get(patterns, cells)
  return {
    engine,
    cells,
    at: engine.automaton.start,
    open: new Set(patterns),
    oldNews: 0,
    emptied: 0,
    bytes: 0,
    singleTo: 0,
    isSimulated: false,
  }
}

/** A table of fewer cells is emptied before it was of use. */
const minCells = 16 * 1024
const maxOldNews = 64
/** As much as lanes are worth being set up for, and as kernels take at a time. */
const maxPieceBytes = 256 * 1024
/** A table emptied so often within so many bytes does not pay. */
const maxEmptied = 3
const bytesOfPatience = 1024 * 1024
