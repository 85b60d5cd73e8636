import { MigError } from '../../../node/core/error.ts'
import { maxScanInstructions } from '../../../node/core/limits.ts'
import type { Node } from '../syntax/node.ts'

/** How many instructions `buildProgram` makes of a pattern. */
export function instructionsOf(pattern: Node): number {
  return 1 + sizeOf(pattern)
}

/** Patterns that are looked for together, one after the other. */
export class ProgramSize {
  #instructions = 0

  /** @param source of the pattern, for the message
   *  @throws MigError `bad-regex` when it is too much together with those before it */
  add(pattern: Node, source: string): void {
    const own = instructionsOf(pattern)
    this.#instructions += own
    if (this.#instructions <= maxScanInstructions) return
    const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source
    throw new MigError(
      'bad-regex',
      `regular expression '${shown}' takes ${own} steps, with those before it ${this.#instructions}; at most ${maxScanInstructions} are allowed together`,
      { hint: 'use smaller repeat counts, or ask in several actions' },
    )
  }
}

function sizeOf(node: Node): number {
  switch (node.kind) {
    case 'empty':
      return 0
    case 'set':
    case 'assertion':
      return 1
    case 'concatenation':
      return node.parts.reduce((sum, part) => sum + sizeOf(part), 0)
    case 'alternation':
      return node.parts.reduce((sum, part) => sum + sizeOf(part), node.parts.length - 1)
    case 'repetition': {
      const { min, max } = node
      const body = sizeOf(node.body)
      if (max === Number.POSITIVE_INFINITY) return 1 + body * Math.max(1, min)
      return max * body + max - min
    }
  }
}
