import { parseFor } from './program/language.ts'
import { ProgramSize } from './program/size.ts'
import type { TextKind } from './program/text-kind.ts'

/** Finds out, without building anything, whether one scanner can look for all of these: who asks and who answers refuse alike, before
 *  anything is looked for.
 *  @param sources of all patterns that may be looked for in one text
 *  @throws MigError `bad-regex`, naming the pattern: for what is wrong with it, or because it is one too many */
export function checkPatterns(sources: readonly string[], text: TextKind): void {
  const size = new ProgramSize()
  for (const source of sources) size.add(parseFor(text, source), source)
}
