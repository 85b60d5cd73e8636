import { type CodePointSet, containsPoint } from '../syntax/code-point-set.ts'
import { isWordPoint } from '../syntax/named-class.ts'
import { afterWord, atLineStart, atTextStart } from './behind.ts'
import { assertion, assertionBits, match, type Program, set, split } from './program.ts'
import type { Workspace } from './workspace.ts'

/** Where there is no next character. */
export const endOfText = -1

export interface Step {
  readonly kernel: Int32Array
  /** The patterns with a match that ends before the character. */
  readonly matches: readonly number[]
}

const {
  'text-start': textStart,
  'line-start': lineStart,
  'text-end': textEnd,
  'line-end': lineEnd,
  'word-boundary': wordBoundary,
  'no-word-boundary': noWordBoundary,
} = assertionBits

/** Steps a set of instructions over a character: the simulation of the automaton, linear in its size.
 *  @see Thompson, Regular expression search algorithm, 1968 */
export class Stepper {
  readonly patterns: readonly number[]
  /** Instructions looked at. */
  steps = 0
  readonly #program: Program
  readonly #workspace: Workspace
  readonly #starts: readonly number[]
  /** The assertion bits that some instruction of these patterns asks for. */
  readonly #asked: number
  readonly #relevant: number
  readonly #begun = new Map<number, Step>()

  constructor(program: Program, workspace: Workspace, patterns: readonly number[]) {
    this.patterns = patterns
    this.#program = program
    this.#workspace = workspace
    this.#starts = patterns.map((pattern) => program.starts[pattern] as number)
    this.#asked = patterns.reduce((bits, pattern) => bits | (program.asked[pattern] as number), 0)
    this.#relevant =
      ((this.#asked & textStart) === 0 ? 0 : atTextStart) |
      ((this.#asked & lineStart) === 0 ? 0 : atLineStart) |
      ((this.#asked & (wordBoundary | noWordBoundary)) === 0 ? 0 : afterWord)
  }

  /** Of what is behind, only what an assertion may ask for: fewer states. */
  relevant(behind: number): number {
    return behind & this.#relevant
  }

  /** @param next the character, or `endOfText`
   *  @param isSorted is the kernel to be sorted, so that equal ones are the same? */
  step(kernel: Int32Array, behind: number, next: number, isSorted: boolean): Step {
    const holds = holding(behind, next) & this.#asked
    const begun = this.#begin(next, holds)
    if (kernel.length === 0) return begun
    const space = this.#workspace
    space.open()
    const matches = this.#walk(kernel, next, holds)
    for (let i = 0; i < begun.kernel.length; i++) space.keep(begun.kernel[i] as number)
    return {
      kernel: isSorted ? space.sorted() : space.kept(),
      matches: begun.matches.length === 0 ? matches : [...matches, ...begun.matches],
    }
  }

  /** Of a kernel, the instructions of these patterns. */
  own(kernel: Int32Array): Int32Array {
    const mine = new Set(this.patterns)
    return kernel.filter((instruction) => mine.has(this.#program.owners[instruction] as number))
  }

  /** Forgets what makes the next step faster. */
  forget(): void {
    this.#begun.clear()
  }

  /** An attempt begins everywhere: what becomes of it depends on the character and on what holds only. */
  #begin(next: number, holds: number): Step {
    const key = (next + 1) * 64 + holds
    let step = this.#begun.get(key)
    if (step === undefined) {
      this.#workspace.open()
      const matches = this.#walk(this.#starts, next, holds)
      step = { kernel: this.#workspace.sorted(), matches }
      this.#begun.set(key, step)
    }
    return step
  }

  #walk(from: ArrayLike<number>, next: number, holds: number): readonly number[] {
    const { operations, x, y, sets } = this.#program
    const space = this.#workspace
    const { stack } = space
    let matches: number[] | undefined
    let steps = 0
    for (let i = 0; i < from.length; i++) {
      let top = 0
      stack[top++] = from[i] as number
      while (top > 0) {
        const at = stack[--top] as number
        if (!space.pass(at)) continue
        steps += 1
        const operation = operations[at]
        if (operation === set) {
          if (next !== endOfText && containsPoint(sets[x[at] as number] as CodePointSet, next))
            space.keep(y[at] as number)
        } else if (operation === split) {
          stack[top++] = x[at] as number
          stack[top++] = y[at] as number
        } else if (operation === assertion) {
          if ((holds & (x[at] as number)) !== 0) stack[top++] = y[at] as number
        } else if (operation === match) {
          matches ??= []
          matches.push(x[at] as number)
        }
      }
    }
    this.steps += steps
    return matches ?? none
  }
}

const none: readonly number[] = []

function holding(behind: number, next: number): number {
  const isBoundary = ((behind & afterWord) !== 0) !== isWordPoint(next)
  return (
    ((behind & atTextStart) === 0 ? 0 : textStart) |
    ((behind & atLineStart) === 0 ? 0 : lineStart) |
    (next === endOfText ? textEnd | lineEnd : next === 0x0a ? lineEnd : 0) |
    (isBoundary ? wordBoundary : noWordBoundary)
  )
}
