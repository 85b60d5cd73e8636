import { replacementPoint } from '../syntax/code-point-set.ts'
import { isWordPoint } from '../syntax/named-class.ts'
import type { Alphabet } from './alphabet.ts'
import { afterMatch, afterWord, atLineStart, atTextStart } from './behind.ts'
import { abandoned, decodeByte, nonePending, type Pending } from './decoder.ts'
import type { Language } from './language.ts'
import { endOfText, Stepper } from './stepper.ts'
import type { TextKind } from './text-kind.ts'

const newline = 0x0a
const carriageReturn = 0x0d

/** Where an automaton stands between two bytes. */
export interface Configuration {
  /** Instructions that match the next character or wait for what follows, sorted. Those of an attempt that begins here are
   *  not among them: one begins everywhere. */
  readonly kernel: Int32Array
  /** What is behind: bits. */
  readonly behind: number
  /** A sequence of UTF-8 that has begun, or a `\r` that may end the line. */
  readonly pending: Pending
}

export interface Advance {
  readonly next: Configuration
  /** The patterns that are decided by this byte; none of them is given before the end of what it is about is certain. */
  readonly decided: readonly number[]
}

const nothing = new Int32Array(0)
const nobody: readonly number[] = []

/** Some patterns of a program as an automaton over bytes; every other engine is a faster way of saying what this one says. */
export class Automaton {
  readonly alphabet: Alphabet
  readonly start: Configuration
  readonly #text: TextKind
  readonly #finds: 'matches' | 'lines-without'
  readonly #stepper: Stepper
  #kernel: Int32Array = nothing
  #behind = 0
  #isSorted = true
  #decided: readonly number[] = nobody

  /** @param finds 'matches' decides a pattern where it matches, 'lines-without' (one pattern, lines only) at the end of a line
   *    in which it does not */
  constructor(
    language: Language,
    patterns: readonly number[],
    finds: 'matches' | 'lines-without' = 'matches',
  ) {
    this.alphabet = language.alphabet
    this.#text = language.text
    this.#finds = finds
    this.#stepper = new Stepper(language.program, language.workspace, patterns)
    this.start = {
      kernel: nothing,
      behind: this.#stepper.relevant(atTextStart | atLineStart),
      pending: nonePending,
    }
  }

  /** Instructions looked at since the automaton was made. */
  get steps(): number {
    return this.#stepper.steps
  }

  /** Goes on where an automaton of the same language, with more patterns, stands. */
  adopt(other: Configuration): Configuration {
    return {
      kernel: this.#stepper.own(other.kernel),
      behind: this.#stepper.relevant(other.behind),
      pending: other.pending,
    }
  }

  /** Forgets what makes the next step faster. */
  forget(): void {
    this.#stepper.forget()
  }

  /** @param isSorted false for a next place that will be compared with no other: faster */
  advance(from: Configuration, byte: number, isSorted = true): Advance {
    this.#isSorted = isSorted
    this.#kernel = from.kernel
    this.#behind = from.behind
    this.#decided = nobody
    if (this.#text === 'bytes') {
      this.#step(byte)
      return this.#result(nonePending)
    }
    if (this.#text === 'text') return this.#decode(from.pending, byte)
    if (byte === newline) return this.#endLine(from)
    if ((from.behind & afterMatch) !== 0) return { next: from, decided: nobody }
    const { pending } = from
    if (pending === carriageReturn) this.#step(carriageReturn)
    if (byte === carriageReturn) {
      if (pending !== carriageReturn) this.#stepAll(abandoned(pending))
      return this.#result(carriageReturn)
    }
    return this.#decode(pending === carriageReturn ? nonePending : pending, byte)
  }

  /** The text ends here. @param hasLine is there anything behind the last newline? */
  end(at: Configuration, hasLine: boolean): readonly number[] {
    if (this.#text === 'lines') return hasLine ? this.advance(at, newline).decided : nobody
    this.#kernel = at.kernel
    this.#behind = at.behind
    this.#decided = nobody
    this.#stepAll(abandoned(at.pending))
    this.#decide(this.#stepper.step(this.#kernel, this.#behind, endOfText, false).matches)
    return this.#decided
  }

  #decode(pending: Pending, byte: number): Advance {
    if (this.alphabet.isAscii) {
      this.#step(byte < 0x80 ? byte : replacementPoint)
      return this.#result(nonePending)
    }
    const decoded = decodeByte(pending, byte)
    this.#stepAll(decoded.points)
    return this.#result(this.alphabet.canonical(decoded.pending))
  }

  #endLine(from: Configuration): Advance {
    if ((from.behind & afterMatch) !== 0) return { next: this.start, decided: nobody }
    if (from.pending !== carriageReturn) this.#stepAll(abandoned(from.pending))
    const { matches } = this.#stepper.step(this.#kernel, this.#behind, endOfText, false)
    if (this.#finds === 'matches') this.#decide(matches)
    else if (matches.length === 0 && this.#decided.length === 0)
      return { next: this.start, decided: this.#stepper.patterns }
    else return { next: this.start, decided: nobody }
    return { next: this.start, decided: this.#decided }
  }

  #stepAll(points: readonly number[]): void {
    for (const point of points) this.#step(point)
  }

  #step(point: number): void {
    const { kernel, matches } = this.#stepper.step(this.#kernel, this.#behind, point, this.#isSorted)
    this.#kernel = kernel
    this.#behind = this.#stepper.relevant(
      (isWordPoint(point) ? afterWord : 0) | (point === newline ? atLineStart : 0),
    )
    this.#decide(matches)
  }

  #decide(matches: readonly number[]): void {
    if (matches.length > 0) this.#decided = [...new Set([...this.#decided, ...matches])]
  }

  #result(pending: Pending): Advance {
    if (this.#finds === 'lines-without' && this.#decided.length > 0) {
      return { next: { kernel: nothing, behind: afterMatch, pending: nonePending }, decided: nobody }
    }
    return { next: { kernel: this.#kernel, behind: this.#behind, pending }, decided: this.#decided }
  }
}
