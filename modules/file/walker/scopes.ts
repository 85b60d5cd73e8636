import type { FileKind } from '../../host/host.ts'
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
  /** What is tested, each by itself. Undefined: files, and links that lead to one. */
  readonly kinds: ReadonlySet<FileKind> | undefined
  /** Are mount points not entered? */
  readonly oneFileSystem: boolean
  /** What is neither tested nor entered; undefined when nothing is left out. */
  readonly isExcluded: ((path: BytePath) => boolean) | undefined
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
  /** Does some scope choose among entries? Else each takes all files. */
  readonly choose: boolean
  readonly #begin: ReadonlyMap<BytePath, { readonly root: number; readonly scopes: readonly number[] }>

  constructor(all: readonly WalkScope[], board: (roots: number) => Board) {
    this.all = all
    this.roots = rootsOf(all)
    this.board = board(this.roots.length)
    this.choose = all.some(({ kinds, isExcluded }) => kinds !== undefined || isExcluded !== undefined)
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

  /** Those of the scopes that test an entry of this kind. A link that is `followed` counts as the file that it leads to. */
  testing(scopes: readonly number[], kind: FileKind | 'followed', path: () => BytePath): readonly number[] {
    if (!this.choose) return kind === 'file' || kind === 'followed' ? scopes : []
    return scopes.filter((scope) => {
      const { kinds, isExcluded } = this.all[scope] ?? {}
      const isWanted =
        kinds === undefined ? kind === 'file' || kind === 'followed' : kind !== 'followed' && kinds.has(kind)
      return isWanted && isExcluded?.(path()) !== true
    })
  }

  /** Does a scope go on below a directory? @param isMounted another file system begins there */
  enters(scope: number, path: BytePath, isMounted: boolean): boolean {
    const { oneFileSystem, isExcluded } = this.all[scope] ?? {}
    return !(isMounted && oneFileSystem === true) && isExcluded?.(path) !== true
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
