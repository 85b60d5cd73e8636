import type { Kernels } from '../kernels/kernels.ts'
import { Automaton } from '../program/automaton.ts'
import type { Language } from '../program/language.ts'
import { LazyDfa } from '../program/lazy-dfa.ts'

/** Automata of one language that texts after one another use again, by the patterns they look for. */
export class DfaPool {
  readonly language: Language
  readonly cells: number
  readonly #finds: 'matches' | 'lines-without'
  readonly #kernels: Kernels | undefined
  readonly #dfas = new Map<string, Engine>()

  /** @param cells of the table of all patterns together */
  constructor(language: Language, finds: 'matches' | 'lines-without', cells: number, kernels?: Kernels) {
    this.#kernels = kernels
    this.language = language
    this.cells = cells
    this.#finds = finds
  }

  /** @param cells the most that their table may have */
  get(patterns: readonly number[], cells: number): Engine {
    const key = `${cells} ${patterns.join()}`
    let engine = this.#dfas.get(key)
    if (engine === undefined) {
      const automaton = new Automaton(this.language, patterns, this.#finds)
      engine = { automaton, dfa: new LazyDfa(automaton, cells, this.#kernels) }
    } else {
      this.#dfas.delete(key)
    }
    // The one used last is the last to go.
    this.#dfas.set(key, engine)
    for (const old of this.#dfas.keys()) {
      if (this.#dfas.size <= maxEngines) break
      this.#dfas.delete(old)
    }
    return engine
  }
}

export interface Engine {
  readonly automaton: Automaton
  readonly dfa: LazyDfa
}

/** All patterns, and some of the sets that are left when some are decided. */
const maxEngines = 3
