import { LineCounts, type LinesFound } from './engine/line-counts.ts'
import { LineStarts } from './engine/line-starts.ts'
import { LiteralWalk } from './engine/literal-walk.ts'
import { Meter } from './engine/meter.ts'
import { nothing } from './engine/nothing.ts'
import { type Decide, Runner } from './engine/runner.ts'
import type { PatternGroup, ScanPlan } from './plan.ts'

const newline = 0x0a

/** One text on its way through a scanner. */
export class Scan {
  readonly #plan: ScanPlan
  readonly #release: (scan: Scan) => void
  readonly #meter = new Meter()
  readonly #found = new Map<number, number>()
  readonly #walks: readonly Walk[]
  readonly #literals: LiteralWalk | undefined
  readonly #counts: LineCounts | undefined
  /** Of all bytes taken. */
  #takenBytes = 0
  /** Where the line begins that the next byte is part of. */
  #lineStart = 0
  #isOver = false
  #isClosed = false
  /** The bytes that are being taken, and their lines when somebody asks for them. */
  #chunk: Buffer = empty
  #lines: LineStarts | undefined

  /** @param maxPlaces of each pattern whose lines are counted
   *  @param release takes the scan when it is closed */
  constructor(plan: ScanPlan, maxPlaces: number, release: (scan: Scan) => void) {
    this.#plan = plan
    this.#release = release
    this.#walks = plan.walked.map((group) => ({
      group,
      runner: new Runner(group.pool, [...group.patterns.keys()], this.#meter, group.isCounted),
      decide: (place, at) => this.#find(group.patterns[place] as number, this.#offsetOf(at)),
    }))
    const find = (pattern: number, offset: number): void => this.#find(pattern, offset)
    this.#literals = plan.searched && new LiteralWalk(plan.searched, plan.text, this.#meter, find)
    if (plan.counted.length > 0) this.#counts = new LineCounts(plan.counted, maxPlaces, plan.kernels)
  }

  /** Patterns found so far, each with an offset in bytes: of lines, where a line begins that was found (not always the first of
   *  several); else within the match or right behind it. */
  get found(): ReadonlyMap<number, number> {
    return this.#found
  }

  /** Of a pattern that reports lines: those that were found so far, as far as everything was done that `feed` gave. */
  linesOf(pattern: number): LinesFound {
    return this.#counts?.of(pattern) ?? noLines
  }

  /** Can more bytes change nothing? */
  get isDone(): boolean {
    return (
      this.#isOver || (this.#walks.every(({ runner }) => runner.isDone) && this.#literals?.isDone !== false)
    )
  }

  /** Bytes taken and instructions looked at: what it has cost. */
  get work(): number {
    return this.#meter.work
  }

  /** Whether a pattern is found is of no interest any more. */
  drop(pattern: number): void {
    for (const { group, runner } of this.#walks) {
      const place = group.patterns.indexOf(pattern)
      if (place >= 0) runner.drop(place)
    }
    this.#literals?.drop(pattern)
  }

  /** Takes the next bytes, which may be overwritten afterwards.
   *  @returns what is left to do, and must be done: it yields where others may have their turn */
  feed(chunk: Buffer): Iterable<void> {
    this.#chunk = chunk
    for (const [i, { runner, decide }] of this.#walks.entries()) {
      const rest = runner.run(chunk, 0, chunk.length, decide)
      if (rest !== nothing) return this.#feedRest(chunk, rest, i + 1)
    }
    const rest = this.#literals?.feed(chunk, this.#takenBytes) ?? nothing
    if (rest !== nothing) return this.#feedRest(chunk, rest, this.#walks.length + 1)
    this.#took(chunk)
    return nothing
  }

  /** The text has come to its end: what is not found now is not in it.
   *  @returns see `feed` */
  end(): Iterable<void> {
    const hasLine = this.#endWalks()
    const rest = this.#literals?.end(hasLine) ?? nothing
    this.#isOver = true
    if (rest !== nothing && this.#counts !== undefined) return this.#countRest(rest)
    this.#counts?.took(empty, this.#takenBytes)
    return rest
  }

  /** A text that is all there: takes it and comes to its end, without keeping a copy of the last line.
   *  @returns see `feed` */
  whole(text: Buffer): Iterable<void> {
    this.#chunk = text
    for (const [i, { runner, decide }] of this.#walks.entries()) {
      const rest = runner.run(text, 0, text.length, decide)
      if (rest !== nothing) return this.#wholeRest(text, rest, i + 1)
    }
    const rest = this.#literals?.whole(text) ?? nothing
    if (rest !== nothing) return this.#wholeRest(text, rest, this.#walks.length + 1)
    this.#tookWhole(text)
    return nothing
  }

  /** Nothing more is asked of it, not even what it has found: the scanner uses it for the next text. May be called in the midst of one. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#release(this)
  }

  /** To the beginning of another text. */
  restart(): void {
    this.#meter.restart()
    if (this.#found.size > 0) this.#found.clear()
    for (const { runner } of this.#walks) runner.restart()
    this.#literals?.restart()
    this.#counts?.restart()
    this.#takenBytes = 0
    this.#lineStart = 0
    this.#isOver = false
    this.#isClosed = false
    // It may have been closed in the midst of some bytes.
    this.#chunk = empty
    this.#lines = undefined
  }

  /** @param next the walk after the one of which `rest` is left; the literals come after all walks */
  *#feedRest(chunk: Buffer, rest: Iterable<void>, next: number): Generator<void, void> {
    yield* rest
    for (const { runner, decide } of this.#walks.slice(next))
      yield* runner.run(chunk, 0, chunk.length, decide)
    if (next <= this.#walks.length) yield* this.#literals?.feed(chunk, this.#takenBytes) ?? nothing
    this.#took(chunk)
  }

  /** @param next see `#feedRest` */
  *#wholeRest(text: Buffer, rest: Iterable<void>, next: number): Generator<void, void> {
    yield* rest
    for (const { runner, decide } of this.#walks.slice(next)) yield* runner.run(text, 0, text.length, decide)
    if (next <= this.#walks.length) yield* this.#literals?.whole(text) ?? nothing
    this.#tookWhole(text)
  }

  *#countRest(rest: Iterable<void>): Generator<void, void> {
    yield* rest
    this.#counts?.took(empty, this.#takenBytes)
  }

  #find(pattern: number, offset: number): void {
    if (this.#counts === undefined || !this.#found.has(pattern)) this.#found.set(pattern, offset)
    this.#counts?.add(pattern, offset)
  }

  #took(chunk: Buffer): void {
    this.#counts?.took(chunk, this.#takenBytes)
    this.#pass(chunk)
  }

  #tookWhole(text: Buffer): void {
    this.#pass(text)
    this.#endWalks()
    this.#counts?.took(text, 0)
    this.#isOver = true
  }

  #pass(chunk: Buffer): void {
    const last = this.#plan.text === 'lines' ? chunk.lastIndexOf(newline) : -1
    if (last >= 0) this.#lineStart = this.#takenBytes + last + 1
    this.#takenBytes += chunk.length
    this.#chunk = empty
    this.#lines = undefined
  }

  /** @returns is there anything behind the last newline? */
  #endWalks(): boolean {
    const hasLine = this.#lineStart < this.#takenBytes
    const offset = this.#plan.text === 'lines' ? this.#lineStart : this.#takenBytes
    for (const { group, runner } of this.#walks) {
      runner.end(hasLine, (place) => this.#find(group.patterns[place] as number, offset))
    }
    return hasLine
  }

  /** @param at behind the byte that decided, perhaps the newline of the line that it decided about */
  #offsetOf(at: number): number {
    if (this.#plan.text !== 'lines') return this.#takenBytes + at
    this.#lines ??= new LineStarts(this.#chunk, this.#takenBytes, this.#lineStart)
    return this.#lines.of(at)
  }
}

interface Walk {
  readonly group: PatternGroup
  readonly runner: Runner
  readonly decide: Decide
}

const empty = Buffer.alloc(0)
const noLines: LinesFound = { count: 0, places: [] }
