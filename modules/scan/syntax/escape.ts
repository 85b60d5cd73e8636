import { type CodePointSet, negateSet } from './code-point-set.ts'
import type { Cursor } from './cursor.ts'
import { perlClasses } from './named-class.ts'
import type { Repertoire } from './repertoire.ts'

/** `\d`, `\W`, `\pL`, `\P{Greek}`, `\p{^Greek}`: steps over it, or stays where it is. Folding comes before negation, as in Go. */
export function parseClassEscape(
  cursor: Cursor,
  repertoire: Repertoire,
  ignoreCase: boolean,
): CodePointSet | undefined {
  const perl = cursor.skipMatch(/\\([dDsSwW])/y)?.[1]
  if (perl !== undefined) {
    const lower = perl.toLowerCase()
    const set = perlClasses.get(lower) as CodePointSet
    return signed(ignoreCase ? repertoire.fold(set) : set, perl === lower, repertoire)
  }
  const match = cursor.skipMatch(/\\([pP])(?:\{(\^?)([^}]*)\}|(.))/uy)
  if (match === undefined) return undefined
  const [, letter, caret = '', long, short] = match
  const set = repertoire.unicodeClass((long ?? short) as string, ignoreCase)
  return signed(set, (letter === 'p') === (caret === ''), repertoire)
}

export function signed(set: CodePointSet, isPositive: boolean, repertoire: Repertoire): CodePointSet {
  return isPositive ? set : negateSet(set, repertoire.max)
}

const controls: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
])

/** One escaped character, at its backslash. */
export function parseEscape(cursor: Cursor): number {
  const octal = cursor.skipMatch(/\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y)?.[1]
  if (octal !== undefined) return Number.parseInt(octal, 8)
  const hex = cursor.skipMatch(/\\x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/y)
  if (hex !== undefined) return Number.parseInt((hex[1] ?? hex[2]) as string, 16)
  cursor.skip('\\')
  const point = cursor.next()
  return controls.get(String.fromCodePoint(point)) ?? point
}
