import { RE2JS } from 're2js'
import { type CodePointSet, maxCodePoint, normaliseSet } from './code-point-set.ts'

/** The code points of `\p{Name}`, learned from re2js itself, so that its Unicode tables and ours are the same.
 *  Surrogates are left out: text that was decoded from UTF-8 has none.
 *  @param name without braces and sign, one that re2js knows
 *  @param ignoreCase with the code points that fold to one of them */
export function unicodeClass(name: string, ignoreCase: boolean): CodePointSet {
  const source = `${ignoreCase ? '(?i)' : ''}\\p{${name}}+`
  const known = classes.get(source)
  if (known !== undefined) return known
  const ranges: number[] = []
  for (const { text, first } of everyPoint()) {
    const matcher = RE2JS.compile(source).matcher(text)
    while (matcher.find()) {
      ranges.push(
        first + unitsToPoints(matcher.start(), first),
        first + unitsToPoints(matcher.end(), first) - 1,
      )
    }
  }
  const set = normaliseSet(ranges)
  classes.set(source, set)
  return set
}

// Bounded by the names that Unicode has.
const classes = new Map<string, CodePointSet>()

let planes: readonly { readonly text: string; readonly first: number }[] | undefined

/** Every code point but the surrogates, in pieces in which all have the same number of UTF-16 units. */
function everyPoint(): NonNullable<typeof planes> {
  planes ??= [textOf(0, 0xd7ff), textOf(0xe000, 0xffff), textOf(0x10000, maxCodePoint)]
  return planes
}

function textOf(first: number, last: number): { text: string; first: number } {
  const units: string[] = []
  for (let block = first; block <= last; block += 0x1000) {
    const points: number[] = []
    for (let point = block; point < block + 0x1000 && point <= last; point++) points.push(point)
    units.push(String.fromCodePoint(...points))
  }
  return { text: units.join(''), first }
}

function unitsToPoints(units: number, first: number): number {
  return first >= 0x10000 ? units / 2 : units
}
