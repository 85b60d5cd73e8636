import { MigError } from '../../node/core/error.ts'
import { parseFor } from './program/language.ts'
import { ProgramSize } from './program/size.ts'
import type { TextKind } from './program/text-kind.ts'
import type { Node } from './syntax/node.ts'

/** Finds out, without building anything, whether one scanner can look for all of these: who asks and who answers refuse alike, before
 *  anything is looked for.
 *  @param sources of all patterns that may be looked for in one text; those that are none are passed over
 *  @returns the place of the first that is one too many, and what is to be said of it */
export function firstTooMany(
  sources: readonly string[],
  text: TextKind,
): { readonly at: number; readonly error: MigError } | undefined {
  const size = new ProgramSize()
  for (const [at, source] of sources.entries()) {
    const node = parsed(source, text)
    if (node === undefined) continue
    try {
      size.add(node, source)
    } catch (error) {
      if (error instanceof MigError) return { at, error }
      throw error
    }
  }
  return undefined
}

function parsed(source: string, text: TextKind): Node | undefined {
  try {
    return parseFor(text, source)
  } catch (error) {
    if (error instanceof MigError) return undefined
    throw error
  }
}
