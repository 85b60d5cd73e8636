import type { CodePointSet } from '../syntax/code-point-set.ts'
import type { Assertion, Node } from '../syntax/node.ts'

/** What an instruction does. */
export const set = 0
export const split = 1
export const assertion = 2
export const match = 3

/** Bits of an assertion instruction: all that must hold where it stands. */
export const assertionBits: Readonly<Record<Assertion, number>> = {
  'text-start': 1,
  'line-start': 2,
  'text-end': 4,
  'line-end': 8,
  'word-boundary': 16,
  'no-word-boundary': 32,
}

/** Patterns as one nondeterministic automaton (Thompson's), in arrays. Instructions are numbers; each belongs to one pattern.
 *  - set: `x` numbers the set of characters, `y` is the next instruction
 *  - split: `x` and `y` are both next
 *  - assertion: `x` are its bits, `y` is next
 *  - match: `x` is the pattern */
export interface Program {
  readonly operations: Uint8Array
  readonly x: Int32Array
  readonly y: Int32Array
  /** The pattern of each instruction. */
  readonly owners: Int32Array
  /** The first instruction of each pattern. */
  readonly starts: Int32Array
  /** The assertion bits that some instruction of each pattern asks for. */
  readonly asked: Int32Array
  readonly sets: readonly CodePointSet[]
}

/** @param patterns that are not too many, see `ProgramSize` */
export function buildProgram(patterns: readonly Node[]): Program {
  const builder = new Builder()
  const starts = patterns.map((node, pattern) => builder.pattern(node, pattern))
  return {
    operations: Uint8Array.from(builder.operations),
    x: Int32Array.from(builder.x),
    y: Int32Array.from(builder.y),
    owners: Int32Array.from(builder.owners),
    starts: Int32Array.from(starts),
    asked: Int32Array.from(builder.asked),
    sets: builder.sets,
  }
}

class Builder {
  readonly operations: number[] = []
  readonly x: number[] = []
  readonly y: number[] = []
  readonly owners: number[] = []
  readonly asked: number[] = []
  readonly sets: CodePointSet[] = []
  readonly #setNumbers = new Map<string, number>()
  #pattern = 0

  pattern(node: Node, pattern: number): number {
    this.#pattern = pattern
    this.asked[pattern] = 0
    return this.#emit(node, this.#add(match, pattern, -1))
  }

  /** From back to front. @returns where `node` begins when `next` follows it */
  #emit(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next
      case 'set':
        return this.#add(set, this.#setNumber(node.set), next)
      case 'assertion':
        this.asked[this.#pattern] = (this.asked[this.#pattern] as number) | assertionBits[node.assertion]
        return this.#add(assertion, assertionBits[node.assertion], next)
      case 'concatenation':
        return node.parts.reduceRight((after, part) => this.#emit(part, after), next)
      case 'alternation':
        return node.parts
          .map((part) => this.#emit(part, next))
          .reduceRight((after, before) => this.#add(split, before, after))
      case 'repetition':
        return this.#repeat(node.body, node.min, node.max, next)
    }
  }

  #repeat(body: Node, min: number, max: number, next: number): number {
    let start = next
    let copies = min
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.#add(split, -1, next)
      const inner = this.#emit(body, loop)
      this.x[loop] = inner
      start = min === 0 ? loop : inner
      copies = Math.max(0, min - 1)
    } else {
      for (let i = min; i < max; i++) start = this.#add(split, this.#emit(body, start), next)
    }
    for (let i = 0; i < copies; i++) start = this.#emit(body, start)
    return start
  }

  #setNumber(points: CodePointSet): number {
    const key = points.join()
    let number = this.#setNumbers.get(key)
    if (number === undefined) {
      number = this.sets.push(points) - 1
      this.#setNumbers.set(key, number)
    }
    return number
  }

  #add(operation: number, x: number, y: number): number {
    this.operations.push(operation)
    this.x.push(x)
    this.y.push(y)
    this.owners.push(this.#pattern)
    return this.operations.length - 1
  }
}
