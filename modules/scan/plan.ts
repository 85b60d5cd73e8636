import { maxDfaCells } from '../../node/core/limits.ts'
import { DfaPool } from './engine/dfa-pool.ts'
import type { Kernels } from './kernels/kernels.ts'
import type { Literal, LiteralNeed, LiteralSearch } from './literals/literal.ts'
import { literalSearch } from './literals/literal-search.ts'
import { maxPairs } from './literals/pair-search.ts'
import { requiredLiterals } from './literals/required-literals.ts'
import { languageOf, parseFor } from './program/language.ts'
import { ProgramSize } from './program/size.ts'
import type { TextKind } from './program/text-kind.ts'
import type { Node } from './syntax/node.ts'

/** What is asked of a text. */
export interface ScanPattern {
  /** Go's regular expression syntax. */
  readonly source: string
  /** Found is a match, or a line without one (of lines only). */
  readonly finds: 'match' | 'line-without'
  /** Found once and no more is looked for, or every line (of lines only). Existence when not given. */
  readonly reports?: 'existence' | 'lines'
}

/** How patterns are looked for. */
export interface ScanPlan {
  readonly text: TextKind
  readonly kernels: Kernels | undefined
  /** Patterns of which every line counts. */
  readonly counted: readonly number[]
  /** Byte by byte. A group for those that match, and one for each that a line is to lack. */
  readonly walked: readonly PatternGroup[]
  /** By what every match holds. */
  readonly searched: SearchedPatterns | undefined
}

/** Patterns of one automaton; in it they have the numbers of their places here. */
export interface PatternGroup {
  readonly patterns: readonly number[]
  /** Every line counts. */
  readonly isCounted: boolean
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
  /** By place: does every line count? */
  readonly isCounted: readonly boolean[]
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

/** @param kernels undefined for plain JavaScript
 *  @throws MigError `bad-regex` */
export function planScan(
  patterns: readonly ScanPattern[],
  text: TextKind,
  kernels: Kernels | undefined,
): ScanPlan {
  const planner = new Planner(text, kernels)
  const asked = patterns.map(({ source, finds, reports }, pattern) => ({
    pattern,
    finds,
    isCounted: reports === 'lines' && text === 'lines',
    node: parseFor(text, source),
  }))
  const size = new ProgramSize()
  for (const { node, pattern } of asked) size.add(node, patterns[pattern]?.source ?? '')
  return planner.plan(asked)
}

interface Asked {
  readonly pattern: number
  readonly finds: ScanPattern['finds']
  readonly isCounted: boolean
  readonly node: Node
}

type Needing = Asked & { readonly need: LiteralNeed }

/** Shorter literals are found too often, and searched for too slowly when there are many. */
const minLength = 3
/** Of a few, the kernels find those too. */
const minLengthOfFew = 2

/** Automata of single patterns that are kept. */
const maxAlone = 64

class Planner {
  readonly #text: TextKind
  readonly #kernels: Kernels | undefined

  constructor(text: TextKind, kernels: Kernels | undefined) {
    this.#text = text
    this.#kernels = kernels
  }

  plan(asked: readonly Asked[]): ScanPlan {
    const missed = asked.filter(({ finds }) => finds === 'line-without')
    const sought = asked.filter(({ finds }) => finds === 'match')
    const searched = this.#few(sought) ?? this.#searched(sought, minLength)
    const places = new Set(searched.map(({ pattern }) => pattern))
    const walked = sought.filter(({ pattern }) => !places.has(pattern))
    // Patterns that match nothing need no search.
    const findable = searched.filter(({ need }) => need.anyOf?.length !== 0)
    return {
      text: this.#text,
      kernels: this.#kernels,
      counted: asked.filter(({ isCounted }) => isCounted).map(({ pattern }) => pattern),
      walked: [
        ...[false, true]
          .map((isCounted) => walked.filter((one) => one.isCounted === isCounted))
          .filter((some) => some.length > 0)
          .map((some) => this.#group(some, 'matches', maxDfaCells)),
        ...missed.map((one) => this.#group([one], 'lines-without', shareOf(missed.length))),
      ],
      searched: findable.length === 0 ? undefined : this.#search(findable),
    }
  }

  /** @returns undefined when they have more literals than the kernels search at once */
  #few(sought: readonly Asked[]): readonly Needing[] | undefined {
    if (this.#kernels === undefined || sought.length > maxPairs) return undefined
    const searched = this.#searched(sought, minLengthOfFew)
    return literalsOf(searched).length <= maxPairs ? searched : undefined
  }

  #searched(sought: readonly Asked[], minLength: number): readonly Needing[] {
    return sought
      .map((asked) => ({ ...asked, need: requiredLiterals(asked.node, this.#text, minLength) }))
      .filter(
        // Across lines there is no telling how far before its literal a match begins.
        ({ need }) => need.anyOf !== undefined && (this.#text === 'lines' || need.isWhole),
      )
  }

  #search(all: readonly Needing[]): SearchedPatterns {
    const some = (places: readonly number[]): OwnedSearch => {
      const owned = places.flatMap((place) =>
        (all[place]?.need.anyOf ?? []).map((literal) => ({ literal, place })),
      )
      return {
        search: literalSearch(
          owned.map(({ literal }) => literal),
          this.#kernels,
        ),
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
      isCounted: all.map(({ isCounted }) => isCounted),
      longestBytes: literalsOf(all).reduce((most, { text }) => Math.max(most, text.length), 1),
      alone: (place) => {
        const pool =
          alone.get(place) ??
          this.#pool([all[place] as Asked], 'matches', shareOf(Math.min(maxAlone, all.length)))
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
        together ??= this.#pool(all, 'matches', maxDfaCells)
        return together
      },
    }
  }

  #group(asked: readonly Asked[], finds: Finds, cells: number): PatternGroup {
    return {
      patterns: asked.map(({ pattern }) => pattern),
      isCounted: asked.some(({ isCounted }) => isCounted),
      pool: this.#pool(asked, finds, cells),
    }
  }

  #pool(asked: readonly Asked[], finds: Finds, cells: number): DfaPool {
    const nodes = asked.map(({ node }) => node)
    return new DfaPool(languageOf(nodes, this.#text), finds, cells, this.#kernels)
  }
}

type Finds = 'matches' | 'lines-without'

function literalsOf(needing: readonly Needing[]): readonly Literal[] {
  return needing.flatMap(({ need }) => need.anyOf ?? [])
}

/** Of the room for tables, what each of some automata may take that are used at a time. */
function shareOf(automata: number): number {
  return Math.max(16 * 1024, Math.floor(maxDfaCells / automata))
}
