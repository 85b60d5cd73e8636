import type { BytePath } from '../file-path.ts'
import type { Board } from './board.ts'

/** What one search wants of the walk. */
export interface WalkScope {
  /** Cleaned, absolute. */
  readonly roots: readonly BytePath[]
  /** Directories below one another, the root counted. */
  readonly maxDepth: number
  /** Are file systems of other machines entered? */
  readonly remote: boolean
}

export interface ActiveScope {
  readonly scope: number
  /** Directories that it may still enter, this one counted. */
  readonly left: number
}

/** Which searches are at work where. */
export class Scopes {
  /** All search paths, sorted: what lies around another comes before it. */
  readonly roots: readonly BytePath[]
  readonly all: readonly WalkScope[]
  readonly board: Board
  readonly #begin: ReadonlyMap<BytePath, { readonly root: number; readonly scopes: readonly number[] }>

  constructor(all: readonly WalkScope[], board: (roots: number) => Board) {
    this.all = all
    this.roots = rootsOf(all)
    this.board = board(this.roots.length)
    this.#begin = new Map(
      this.roots.map((path, root) => [
        path,
        { root, scopes: [...all.keys()].filter((scope) => all[scope]?.roots.includes(path)) },
      ]),
    )
  }

  /** The scopes that begin at this path, to whoever comes there first. */
  arrive(path: BytePath): readonly number[] {
    const begun = this.#begin.get(path)
    if (begun === undefined || !this.board.arrive(begun.root)) return []
    return begun.scopes.filter((scope) => !this.board.isFull(scope))
  }

  /** What is at work where these begin, in addition to those that came from above. */
  activate(active: readonly ActiveScope[], begun: readonly number[]): readonly ActiveScope[] {
    if (begun.length === 0) return active
    const others = active.filter(({ scope }) => !begun.includes(scope))
    const fresh = begun.map((scope) => {
      const before = active.find((each) => each.scope === scope)?.left ?? 0
      return { scope, left: Math.max(before, this.all[scope]?.maxDepth ?? 0) }
    })
    return [...others, ...fresh]
  }

  live(active: readonly ActiveScope[]): readonly ActiveScope[] {
    if (this.board.fullScopes === 0) return active
    return active.filter(({ scope }) => !this.board.isFull(scope))
  }
}

export function rootsOf(scopes: readonly WalkScope[]): readonly BytePath[] {
  return [...new Set(scopes.flatMap(({ roots }) => roots))].sort()
}
