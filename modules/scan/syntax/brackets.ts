import { type CodePointSet, normaliseSet } from './code-point-set.ts'
import type { Cursor } from './cursor.ts'
import { parseClassEscape, parseEscape, signed } from './escape.ts'
import { posixClasses } from './named-class.ts'
import type { Repertoire } from './repertoire.ts'

/** `[a-z]`, at its opening bracket. */
export function parseBrackets(cursor: Cursor, repertoire: Repertoire, ignoreCase: boolean): CodePointSet {
  cursor.skip('[')
  const isPositive = !cursor.skip('^')
  const ranges: number[] = []
  // A bracket in the first place is literal.
  for (let isFirst = true; isFirst || !cursor.skip(']'); isFirst = false) {
    const named = parsePosixClass(cursor, repertoire, ignoreCase)
    ranges.push(
      ...(named ??
        parseClassEscape(cursor, repertoire, ignoreCase) ??
        parseRange(cursor, repertoire, ignoreCase)),
    )
  }
  return signed(normaliseSet(ranges), isPositive, repertoire)
}

function parsePosixClass(
  cursor: Cursor,
  repertoire: Repertoire,
  ignoreCase: boolean,
): CodePointSet | undefined {
  const match = cursor.skipMatch(/\[:(\^?)(\w+):\]/y)
  if (match === undefined) return undefined
  const set = posixClasses.get(match[2] as string) as CodePointSet
  return signed(ignoreCase ? repertoire.fold(set) : set, match[1] === '', repertoire)
}

function parseRange(cursor: Cursor, repertoire: Repertoire, ignoreCase: boolean): CodePointSet {
  const first = parseCharacter(cursor, repertoire)
  let last = first
  if (!cursor.at('-]') && cursor.skip('-')) last = parseCharacter(cursor, repertoire)
  return ignoreCase ? repertoire.fold([first, last]) : [first, last]
}

function parseCharacter(cursor: Cursor, repertoire: Repertoire): number {
  const isLiteral = !cursor.at('\\')
  const point = isLiteral ? cursor.next() : parseEscape(cursor)
  return repertoire.inBrackets(point, isLiteral)
}
