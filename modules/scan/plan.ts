import { maxDfaCells } from '../../node/core/limits.ts'
import { DfaPool } from './engine/dfa-pool.ts'
import type { LiteralNeed, LiteralSearch } from './literals/literal.ts'
import { literalSearch } from './literals/literal-search.ts'
import { requiredLiterals } from './literals/required-literals.ts'
import { languageOf, parseFor, type TextKind } from './program/language.ts'
import type { Node } from './syntax/node.ts'

/** What is asked of a text. */
export interface ScanPattern {
  /** Go's regular expression syntax. */
  readonly source: string
  /** Found is a match, or a line without one (of lines only). */
  readonly finds: 'match' | 'line-without'
}

/** How patterns are looked for. */
export interface ScanPlan {
  readonly text: TextKind
  /** Byte by byte. A group for those that match, and one for each that a line is to lack. */
  readonly walked: readonly PatternGroup[]
  /** By what every match holds. */
  readonly searched: SearchedPatterns | undefined
}

/** Patterns of one automaton; in it they have the numbers of their places here. */
export interface PatternGroup {
  readonly patterns: readonly number[]
  readonly pool: DfaPool
}

/** Patterns of which every match holds a literal: where none is, there is nothing to look at. */
export interface SearchedPatterns {
  readonly patterns: readonly number[]
  /** Of all of them. */
  readonly all: OwnedSearch
  /** Of those at some places. */
  readonly some: (places: readonly number[]) => OwnedSearch
  /** By place: is the literal all of the match? */
  readonly isWhole: readonly boolean[]
  readonly longestBytes: number
  /** The automaton of the pattern at a place, which is number 0 in it. */
  readonly alone: (place: number) => DfaPool
  /** All byte by byte: for lines too long to be held, and where literals are everywhere. */
  readonly together: () => DfaPool
}

export interface OwnedSearch {
  readonly search: LiteralSearch
  /** By literal: the place of its pattern. */
  readonly owners: readonly number[]
}

/** @throws MigError `bad-regex` */
export function planScan(patterns: readonly ScanPattern[], text: TextKind): ScanPlan {
  const walked: Asked[] = []
  const missed: Asked[] = []
  const searched: (Asked & { readonly need: LiteralNeed })[] = []
  for (const [pattern, { source, finds }] of patterns.entries()) {
    const asked = { pattern, node: parseFor(text, source) }
    const need = requiredLiterals(asked.node, text)
    if (finds === 'line-without') missed.push(asked)
    // Across lines there is no telling how far before its literal a match begins.
    else if (need.anyOf !== undefined && (text === 'lines' || need.isWhole)) searched.push({ ...asked, need })
    else walked.push(asked)
  }
  return {
    text,
    walked: [
      ...(walked.length === 0 ? [] : [groupOf(walked, text, 'matches', maxDfaCells)]),
      ...missed.map((asked) => groupOf([asked], text, 'lines-without', shareOf(missed.length))),
    ],
    // Patterns that match nothing need no search.
    searched: searched.every(({ need }) => need.anyOf?.length === 0) ? undefined : searchedOf(searched, text),
  }
}

interface Asked {
  readonly pattern: number
  readonly node: Node
}

/** Of the room for tables, what each of some automata may take that are used at a time. */
function shareOf(automata: number): number {
  return Math.max(16 * 1024, Math.floor(maxDfaCells / automata))
}

function groupOf(asked: readonly Asked[], text: TextKind, finds: Finds, cells: number): PatternGroup {
  return { patterns: asked.map(({ pattern }) => pattern), pool: poolOf(asked, text, finds, cells) }
}

function searchedOf(
  all: readonly (Asked & { readonly need: LiteralNeed })[],
  text: TextKind,
): SearchedPatterns {
  const some = (places: readonly number[]): OwnedSearch => {
    const owned = places.flatMap((place) =>
      (all[place]?.need.anyOf ?? []).map((literal) => ({ literal, place })),
    )
    return {
      search: literalSearch(owned.map(({ literal }) => literal)),
      owners: owned.map(({ place }) => place),
    }
  }
  const alone = new Map<number, DfaPool>()
  let together: DfaPool | undefined
  return {
    patterns: all.map(({ pattern }) => pattern),
    all: some([...all.keys()]),
    some,
    isWhole: all.map(({ need }) => need.isWhole),
    longestBytes: all.reduce(
      (most, { need }) => Math.max(most, ...(need.anyOf ?? []).map(({ text }) => text.length)),
      1,
    ),
    alone: (place) => {
      const pool =
        alone.get(place) ??
        poolOf([all[place] as Asked], text, 'matches', shareOf(Math.min(maxAlone, all.length)))
      // The one used last is the last to go.
      alone.delete(place)
      alone.set(place, pool)
      for (const old of alone.keys()) {
        if (alone.size <= maxAlone) break
        alone.delete(old)
      }
      return pool
    },
    together: () => {
      together ??= poolOf(all, text, 'matches', maxDfaCells)
      return together
    },
  }
}

/** Automata of single patterns that are kept. */
const maxAlone = 64

type Finds = 'matches' | 'lines-without'

function poolOf(asked: readonly Asked[], text: TextKind, finds: Finds, cells: number): DfaPool {
  const nodes = asked.map(({ node }) => node)
  return new DfaPool(languageOf(nodes, text), finds, cells)
}
