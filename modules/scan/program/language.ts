import type { Node } from '../syntax/node.ts'
import { parsePattern } from '../syntax/parse.ts'
import { codePoints, singleBytes } from '../syntax/repertoire.ts'
import { type Alphabet, alphabetOf } from './alphabet.ts'
import { buildProgram, type Program } from './program.ts'
import type { TextKind } from './text-kind.ts'
import { Workspace } from './workspace.ts'

/** Patterns, made ready for automata. */
export interface Language {
  readonly text: TextKind
  readonly program: Program
  readonly alphabet: Alphabet
  readonly workspace: Workspace
}

/** @throws MigError `bad-regex` */
export function languageOf(patterns: readonly Node[], text: TextKind): Language {
  const program = buildProgram(patterns)
  return {
    text,
    program,
    alphabet: alphabetOf(program, text),
    workspace: new Workspace(program.operations.length),
  }
}

/** @throws MigError `bad-regex` */
export function parseFor(text: TextKind, source: string): Node {
  return parsePattern(source, text === 'bytes' ? singleBytes : codePoints)
}
