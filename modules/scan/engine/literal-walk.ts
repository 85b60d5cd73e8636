import { maxHeldLineBytes } from '../../../node/core/limits.ts'
import type { LiteralCursor, LiteralSearch } from '../literals/literal.ts'
import type { SearchedPatterns } from '../plan.ts'
import type { TextKind } from '../program/text-kind.ts'
import { Costs } from './costs.ts'
import { Held } from './held.ts'
import { LineStarts } from './line-starts.ts'
import type { Meter } from './meter.ts'
import { nothing } from './nothing.ts'
import { Runner } from './runner.ts'

const newline = 0x0a

/** Looks for the literals of patterns, and with their automata only at lines that hold one. */
export class LiteralWalk {
  readonly #patterns: SearchedPatterns
  readonly #text: TextKind
  readonly #meter: Meter
  readonly #found: (pattern: number, offset: number) => void
  /** Places of patterns that are neither found nor dropped. */
  readonly #open: Set<number>
  #search: LiteralSearch
  #owners: readonly number[]
  /** Literals of patterns that are not open any more, seen since the search was made. */
  #stale = 0
  /** The beginning of a line of which the rest is to come; of bytes, those in which a literal may begin. */
  readonly #held = new Held()
  /** All searched patterns in a line too long to be held. */
  #longLine: Runner | undefined
  /** Patterns whose literals are everywhere: they go byte by byte. */
  #walked: Runner[] = []
  readonly #isWalked = new Set<number>()
  /** By place: up to where lines with a literal of it were looked at. */
  readonly #seenTo = new Map<number, number>()
  readonly #costs = new Costs()

  constructor(
    patterns: SearchedPatterns,
    text: TextKind,
    meter: Meter,
    found: (pattern: number, offset: number) => void,
  ) {
    this.#patterns = patterns
    this.#text = text
    this.#meter = meter
    this.#found = found
    this.#search = patterns.all.search
    this.#owners = patterns.all.owners
    this.#open = new Set(patterns.patterns.keys())
  }

  get isDone(): boolean {
    return this.#open.size === 0
  }

  /** To the beginning of another text, with all patterns. */
  restart(): void {
    const { all, patterns } = this.#patterns
    if (this.#open.size !== patterns.length) for (const place of patterns.keys()) this.#open.add(place)
    this.#search = all.search
    this.#owners = all.owners
    this.#stale = 0
    if (!this.#held.isEmpty) this.#held.take()
    this.#longLine = undefined
    if (this.#walked.length > 0) this.#walked = []
    // To clear what is empty would allocate, for each of many small texts.
    if (this.#isWalked.size > 0) this.#isWalked.clear()
    if (this.#seenTo.size > 0) this.#seenTo.clear()
    this.#costs.restart()
  }

  drop(pattern: number): void {
    const place = this.#patterns.patterns.indexOf(pattern)
    if (place >= 0) this.#close(place)
  }

  /** @param offset of the chunk in the text
   *  @returns what is left to do, see `Runner.run` */
  feed(chunk: Buffer, offset: number): Iterable<void> {
    if (this.#text !== 'lines') return this.#feedBytes(chunk, offset)
    if (this.#walked.length > 0 || !this.#held.isEmpty) return this.#feedLines(chunk, offset)
    const end = chunk.lastIndexOf(newline) + 1
    const rest = end === 0 ? nothing : this.#look(chunk.subarray(0, end), offset)
    if (rest !== nothing || chunk.length - end > maxHeldLineBytes)
      return this.#feedRest(rest, chunk, end, offset)
    if (end < chunk.length) this.#held.add(chunk.subarray(end), offset + end)
    return nothing
  }

  /** A text that is all there, instead of `feed` and `end`. */
  whole(text: Buffer): Iterable<void> {
    return text.length === 0 ? nothing : this.#look(text, 0)
  }

  /** @param hasLine is there anything behind the last newline? */
  *end(hasLine: boolean): Generator<void, void> {
    const { bytes, offset } = this.#held.take()
    if (this.#text !== 'lines') return
    for (const runner of [...this.#walked, ...(this.#longLine === undefined ? [] : [this.#longLine])]) {
      runner.end(hasLine, (place) => this.#take(place, offset))
    }
    if (bytes.length > 0) yield* this.#look(bytes, offset)
  }

  *#feedBytes(chunk: Buffer, offset: number): Generator<void, void> {
    const overlap = this.#patterns.longestBytes - 1
    const held = this.#held.take()
    // What begins before the chunk, then what is within it.
    if (held.bytes.length > 0) {
      yield* this.#look(Buffer.concat([held.bytes, chunk.subarray(0, overlap)]), held.offset)
    }
    yield* this.#look(chunk, offset)
    const kept = Math.min(overlap, held.bytes.length + chunk.length)
    const end = offset + chunk.length
    const fromChunk = chunk.subarray(Math.max(0, chunk.length - kept))
    const fromHeld = held.bytes.subarray(held.bytes.length - (kept - fromChunk.length))
    this.#held.add(Buffer.concat([fromHeld, fromChunk]), end - kept)
  }

  *#feedLines(chunk: Buffer, offset: number): Generator<void, void> {
    const lineStart = this.#held.isEmpty ? offset : this.#held.offset
    for (const runner of this.#walked) {
      const lines = new LineStarts(chunk, offset, lineStart)
      yield* runner.run(chunk, 0, chunk.length, (place, at) => this.#take(place, lines.of(at)))
    }
    let start = 0
    if (!this.#held.isEmpty) {
      start = chunk.indexOf(newline) + 1
      if (start === 0) return yield* this.#hold(chunk, offset)
      yield* this.#finishLine(chunk.subarray(0, start))
    }
    const end = chunk.lastIndexOf(newline) + 1
    const rest = end > start ? this.#look(chunk.subarray(start, end), offset + start) : nothing
    yield* this.#feedRest(rest, chunk, end, offset)
  }

  /** @param end of the last whole line */
  *#feedRest(rest: Iterable<void>, chunk: Buffer, end: number, offset: number): Generator<void, void> {
    yield* rest
    if (end < chunk.length) yield* this.#hold(chunk.subarray(end), offset + end)
    yield* this.#walkCostly()
  }

  *#hold(part: Buffer, offset: number): Generator<void, void> {
    if (this.#longLine !== undefined) return yield* this.#runLong(part)
    this.#held.add(part, offset)
    if (this.#held.length <= maxHeldLineBytes) return
    this.#longLine = new Runner(this.#patterns.together(), this.#searchedPlaces(), this.#meter)
    yield* this.#runLong(this.#held.forget())
  }

  *#finishLine(rest: Buffer): Generator<void, void> {
    if (this.#longLine === undefined) {
      this.#held.add(rest, this.#held.offset)
      const { bytes, offset } = this.#held.take()
      return yield* this.#look(bytes, offset)
    }
    yield* this.#runLong(rest)
    this.#longLine = undefined
    this.#held.take()
  }

  *#runLong(part: Buffer): Generator<void, void> {
    yield* this.#longLine?.run(part, 0, part.length, (place) => this.#take(place, this.#held.offset)) ?? []
  }

  /** Looks for literals in whole lines, of which the last may lack its newline. */
  #look(bytes: Buffer, offset: number): Iterable<void> {
    if (this.#open.size <= this.#isWalked.size) return nothing
    this.#meter.add(bytes.length)
    this.#costs.searched(bytes.length)
    const cursor = this.#search.over(bytes)
    const isFound = cursor.next()
    return isFound || cursor.isCostly ? this.#lookCloser(cursor, isFound, bytes, offset) : nothing
  }

  /** @param isFirst does the cursor stand at something that was not looked at? */
  *#lookCloser(
    cursor: LiteralCursor,
    isFirst: boolean,
    bytes: Buffer,
    offset: number,
  ): Generator<void, void> {
    const owners = this.#owners
    for (let isFound = isFirst; isFound; isFound = this.#open.size > this.#isWalked.size && cursor.next()) {
      const place = owners[cursor.literal] as number
      this.#meter.add(1)
      if (!this.#open.has(place) || this.#isWalked.has(place)) this.#stale += 1
      else if (offset + cursor.at < (this.#seenTo.get(place) ?? 0)) continue
      else if (this.#patterns.isWhole[place] !== true) yield* this.#verify(place, bytes, cursor.at, offset)
      else if (this.#text !== 'lines') this.#take(place, offset + cursor.at)
      else this.#takeLine(place, bytes, cursor.at, offset)
    }
    if (cursor.isCostly) yield* this.#walk(bytes, offset)
    else if (this.#stale > maxStale) this.#narrow()
  }

  /** Whole lines, or bytes, byte by byte: the search costs more than it saves. */
  *#walk(bytes: Buffer, offset: number): Generator<void, void> {
    this.#costs.isSearchCostly = true
    for (const runner of this.#runners(this.#searchedPlaces())) {
      const lines = new LineStarts(bytes, offset, offset)
      const take = (place: number, at: number): void => {
        const found = this.#text === 'lines' ? lines.of(at) : offset + at - 1
        this.#take(place, found)
      }
      yield* runner.run(bytes, 0, bytes.length, take)
      runner.end(bytes.at(-1) !== newline, (place) => take(place, bytes.length))
    }
  }

  #takeLine(place: number, bytes: Buffer, at: number, offset: number): void {
    if (this.#patterns.isCounted[place] === true) {
      const next = bytes.indexOf(newline, at)
      this.#seenTo.set(place, offset + (next < 0 ? bytes.length : next + 1))
    }
    this.#take(place, offset + lineStartOf(bytes, at))
  }

  *#verify(place: number, bytes: Buffer, at: number, offset: number): Generator<void, void> {
    const start = lineStartOf(bytes, at)
    const next = bytes.indexOf(newline, at)
    const end = next < 0 ? bytes.length : next + 1
    this.#seenTo.set(place, offset + end)
    this.#costs.lookedAt(place, end - start)
    const runner = new Runner(this.#patterns.alone(place), [0], this.#meter)
    const take = (): void => this.#take(place, offset + start)
    yield* runner.run(bytes, start, end, take)
    if (next < 0) runner.end(true, take)
  }

  /** A search that goes without the literals that do not matter any more. */
  #narrow(): void {
    this.#stale = 0
    const places = this.#searchedPlaces()
    if (places.length === 0) return
    const { search, owners } = this.#patterns.some(places)
    this.#search = search
    this.#owners = owners
  }

  /** Where half of a text is lines with a literal, the search for it is only a cost. */
  *#walkCostly(): Generator<void, void> {
    if (this.#longLine !== undefined || !this.#costs.isWorthAsking) return
    const places = this.#searchedPlaces().filter((place) => this.#costs.isCostly(place))
    if (places.length === 0) return
    for (const place of places) {
      this.#isWalked.add(place)
      this.#costs.forget(place)
    }
    const { bytes, offset } = this.#held.peek()
    for (const runner of this.#runners(places)) {
      this.#walked.push(runner)
      yield* runner.run(bytes, 0, bytes.length, (place) => this.#take(place, offset))
    }
    this.#narrow()
  }

  /** Of places: those that are over when they are found, and those of which each line counts. */
  #runners(places: readonly number[]): readonly Runner[] {
    return [false, true].flatMap((isCounted) => {
      const some = places.filter((place) => this.#patterns.isCounted[place] === isCounted)
      return some.length === 0 ? [] : [new Runner(this.#patterns.together(), some, this.#meter, isCounted)]
    })
  }

  #searchedPlaces(): readonly number[] {
    return [...this.#open].filter((place) => !this.#isWalked.has(place))
  }

  #take(place: number, offset: number): void {
    if (this.#patterns.isCounted[place] !== true) this.#close(place)
    this.#found(this.#patterns.patterns[place] as number, offset)
  }

  #close(place: number): void {
    this.#open.delete(place)
    this.#isWalked.delete(place)
    this.#costs.forget(place)
    for (const runner of this.#walked) runner.drop(place)
    this.#longLine?.drop(place)
  }
}

function lineStartOf(bytes: Buffer, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(newline, at - 1) + 1
}

const maxStale = 1024
