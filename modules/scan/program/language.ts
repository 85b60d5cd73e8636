import type { Node } from '../syntax/node.ts'
import { parsePattern } from '../syntax/parse.ts'
import { codePoints, singleBytes } from '../syntax/repertoire.ts'
import { type Alphabet, alphabetOf } from './alphabet.ts'
import { buildProgram, type Program } from './program.ts'
import { Workspace } from './workspace.ts'

/** What the text is.
 *  - lines: of UTF-8 as Go's bufio.ScanLines cuts it: at `\n`, without one `\r` before it; a last line needs no newline
 *  - text: one text of UTF-8, newlines and all
 *  - bytes: one text of bytes */
export type TextKind = 'lines' | 'text' | 'bytes'

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
