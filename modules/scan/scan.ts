import { LiteralWalk } from './engine/literal-walk.ts'
import { Meter } from './engine/meter.ts'
import { Runner } from './engine/runner.ts'
import type { PatternGroup, ScanPlan } from './plan.ts'

const newline = 0x0a

/** One text on its way through a scanner. */
export class Scan {
  readonly #plan: ScanPlan
  readonly #meter = new Meter()
  readonly #found = new Map<number, number>()
  #walks: { readonly group: PatternGroup; readonly runner: Runner }[]
  #literals: LiteralWalk | undefined
  /** Of all bytes taken. */
  #takenBytes = 0
  /** Where the line begins that the next byte is part of. */
  #lineStart = 0

  constructor(plan: ScanPlan) {
    this.#plan = plan
    this.#walks = plan.walked.map((group) => ({
      group,
      runner: new Runner(group.pool, [...group.patterns.keys()], this.#meter),
    }))
    const find = (pattern: number, offset: number): void => void this.#found.set(pattern, offset)
    this.#literals = plan.searched && new LiteralWalk(plan.searched, plan.text, this.#meter, find)
  }

  /** Patterns found so far, each with an offset in bytes: of lines, where a line begins that was found (not always the first of
   *  several); of bytes, within the match or right behind it. */
  get found(): ReadonlyMap<number, number> {
    return this.#found
  }

  /** Can more bytes change nothing? */
  get isDone(): boolean {
    return this.#walks.length === 0 && this.#literals === undefined
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
    this.#tidy()
  }

  /** Takes the next bytes, which may be overwritten afterwards. Yields where others may have their turn. */
  *feed(chunk: Buffer): Generator<void, void> {
    for (const { group, runner } of this.#walks) {
      yield* runner.run(chunk, 0, chunk.length, (place, at) => {
        this.#found.set(group.patterns[place] as number, this.#offsetOf(chunk, at))
      })
    }
    if (this.#literals !== undefined) yield* this.#literals.feed(chunk, this.#takenBytes)
    const last = this.#plan.text === 'lines' ? chunk.lastIndexOf(newline) : -1
    if (last >= 0) this.#lineStart = this.#takenBytes + last + 1
    this.#takenBytes += chunk.length
    this.#tidy()
  }

  /** The text has come to its end: what is not found now is not in it. */
  *end(): Generator<void, void> {
    const hasLine = this.#lineStart < this.#takenBytes
    for (const { group, runner } of this.#walks) {
      runner.end(hasLine, (place) => this.#found.set(group.patterns[place] as number, this.#lineStart))
    }
    if (this.#literals !== undefined) yield* this.#literals.end(hasLine)
    this.#walks = []
    this.#literals = undefined
  }

  /** @param at behind the byte that decided, perhaps the newline of the line that it decided about */
  #offsetOf(chunk: Buffer, at: number): number {
    if (this.#plan.text === 'bytes') return this.#takenBytes + at
    const before = at < 2 ? -1 : chunk.lastIndexOf(newline, at - 2)
    return before < 0 ? this.#lineStart : this.#takenBytes + before + 1
  }

  #tidy(): void {
    this.#walks = this.#walks.filter(({ runner }) => !runner.isDone)
    if (this.#literals?.isDone === true) this.#literals = undefined
  }
}
