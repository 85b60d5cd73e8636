import { maxWalkDepth } from '../../node/core/limits.ts'
import { type FileStat, type Host, HostError, type OpenDirectory } from '../host/host.ts'
import type { ProblemCode } from '../module.ts'
import { type BytePath, join } from './file-path.ts'
import { skippedMounts } from './skipped-mounts.ts'
import { problemVisit, type Visit } from './visit.ts'
import { visitRoot } from './walk-root.ts'

/** What one search wants of the walk. */
export interface WalkScope {
  /** Cleaned, absolute. */
  readonly roots: readonly BytePath[]
  /** Directories below one another, the root counted. */
  readonly maxDepth: number
  /** Are file systems of other machines entered? */
  readonly remote: boolean
}

interface ActiveScope {
  readonly scope: number
  /** Directories that it may still enter, this one counted. */
  readonly left: number
}

interface Frame {
  readonly directory: OpenDirectory
  readonly path: BytePath
  readonly active: readonly ActiveScope[]
  /** Sub-directories not entered yet. */
  readonly names: Buffer[]
}

const entriesBetweenPulses = 256

/** Walks the roots of all scopes, every directory once for all of them, files before sub-directories. A root that lies in another
 *  joins that walk. Links to files are followed inside the host's root, links to directories are not.
 *  @param isFinished tells that a scope needs no more files */
export function* walk(
  host: Host,
  scopes: readonly WalkScope[],
  isFinished: (scope: number) => boolean,
): Generator<Visit, void> {
  const walker = new Walker(host, scopes, isFinished)
  for (const root of [...walker.waiting.keys()].sort()) yield* walker.root(root)
}

class Walker {
  /** Roots that no walk has come to yet, with the scopes that begin there. */
  readonly waiting = new Map<BytePath, number[]>()
  readonly #host: Host
  readonly #scopes: readonly WalkScope[]
  readonly #isFinished: (scope: number) => boolean
  readonly #skipped: ReturnType<typeof skippedMounts>

  constructor(host: Host, scopes: readonly WalkScope[], isFinished: (scope: number) => boolean) {
    this.#host = host
    this.#scopes = scopes
    this.#isFinished = isFinished
    this.#skipped = skippedMounts(scopes.length === 0 ? [] : mountsOf(host))
    scopes.forEach((scope, place) => {
      for (const root of scope.roots) this.waiting.set(root, [...(this.waiting.get(root) ?? []), place])
    })
  }

  *root(path: BytePath): Generator<Visit, void> {
    const scopes = this.#arrive(path)
    if (scopes.length === 0) return
    const directory = yield* visitRoot(this.#host, path, scopes)
    if (directory === undefined) return
    yield* this.#tree(directory, path, this.#activate([], scopes))
  }

  *#tree(directory: OpenDirectory, path: BytePath, active: readonly ActiveScope[]): Generator<Visit, void> {
    // A stack of our own: a hostile tree is deeper than calls may nest.
    const frames: Frame[] = []
    try {
      const top: Frame = { directory, path, active, names: [] }
      frames.push(top)
      yield* this.#files(top)
      for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
        const name = frame.names.pop()
        if (name === undefined) {
          frames.pop()
          frame.directory.close()
          continue
        }
        const next = yield* this.#enter(frame, name, frames.length)
        if (next === undefined) continue
        frames.push(next)
        yield* this.#files(next)
      }
    } finally {
      for (const frame of frames.reverse()) frame.directory.close()
    }
  }

  *#enter(above: Frame, name: Buffer, depth: number): Generator<Visit, Frame | undefined> {
    const path = join(above.path, name.toString('latin1'))
    const skipped = this.#skipped.get(path)
    const going = this.#live(above.active).filter(({ left }) => left > 1)
    const through = going.filter(({ scope }) => mayEnter(skipped, this.#scopes[scope]))
    if (through.length < going.length) yield problemVisit('skipped-filesystem', path, false)
    const below = through.map(({ scope, left }) => ({ scope, left: left - 1 }))
    // A root inside of what is skipped, or below where the others end, gets a walk of its own.
    const active = below.length === 0 ? below : this.#activate(below, this.#arrive(path))
    if (active.length === 0) return undefined
    if (depth >= maxWalkDepth) {
      yield problemVisit('limit-reached', path, false)
      return undefined
    }
    try {
      return { directory: above.directory.openDirectory(name), path, active, names: [] }
    } catch (error) {
      yield problemVisit(vanishedCode(error), path, true)
      return undefined
    }
  }

  *#files(frame: Frame): Generator<Visit, void> {
    yield { kind: 'pulse' }
    let entries = 0
    try {
      for (const entry of frame.directory.entries()) {
        if (++entries % entriesBetweenPulses === 0) yield { kind: 'pulse' }
        const name = Buffer.from(entry.name.buffer, entry.name.byteOffset, entry.name.byteLength)
        const kind = entry.kind === 'unknown' ? frame.directory.statEntry(name, false).kind : entry.kind
        if (kind === 'directory') frame.names.push(name)
        else if (kind === 'file') yield* this.#file(frame, name)
        else if (kind === 'link') yield* this.#link(frame, name)
        if (this.#live(frame.active).length === 0) break
      }
      // The system's order, as MIG takes them: the list is used up from its end.
      frame.names.reverse()
    } catch (error) {
      yield problemVisit(vanishedCode(error), frame.path, true)
    }
  }

  *#file({ directory, path, active }: Frame, name: Buffer): Generator<Visit, void> {
    const scopes = this.#live(active).map(({ scope }) => scope)
    if (this.waiting.size > 0) {
      for (const scope of this.#arrive(join(path, name.toString('latin1')))) {
        if (!scopes.includes(scope)) scopes.push(scope)
      }
    }
    yield {
      kind: 'file',
      scopes,
      directory: path,
      name,
      isRegular: true,
      stat: () => directory.statEntry(name, false),
      open: () => directory.open(name, false),
    }
  }

  *#link({ directory, path, active }: Frame, name: Buffer): Generator<Visit, void> {
    let stat: FileStat
    try {
      stat = directory.statEntry(name, true)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      yield problemVisit(error, join(path, name.toString('latin1')), true)
      return
    }
    if (stat.kind !== 'file') return
    const scopes = this.#live(active).map(({ scope }) => scope)
    const open = () => directory.open(name, true)
    yield { kind: 'file', scopes, directory: path, name, isRegular: true, stat: () => stat, open }
  }

  /** The scopes that begin at this path, once. */
  #arrive(path: BytePath): number[] {
    const scopes = this.waiting.get(path) ?? []
    this.waiting.delete(path)
    return scopes.filter((scope) => !this.#isFinished(scope))
  }

  #activate(active: readonly ActiveScope[], begun: readonly number[]): readonly ActiveScope[] {
    const others = active.filter(({ scope }) => !begun.includes(scope))
    const fresh = begun.map((scope) => {
      const before = active.find((each) => each.scope === scope)?.left ?? 0
      return { scope, left: Math.max(before, this.#scopes[scope]?.maxDepth ?? 0) }
    })
    return [...others, ...fresh]
  }

  #live(active: readonly ActiveScope[]): readonly ActiveScope[] {
    return active.filter(({ scope }) => !this.#isFinished(scope))
  }
}

function mayEnter(skipped: 'pseudo' | 'remote' | undefined, scope: WalkScope | undefined): boolean {
  return skipped === undefined || (skipped === 'remote' && scope?.remote === true)
}

/** What was listed a moment ago and now is not there, or something else, has vanished. */
function vanishedCode(error: unknown): HostError | ProblemCode {
  if (!(error instanceof HostError)) throw error
  return ['not-found', 'not-directory', 'is-link'].includes(error.code) ? 'vanished' : error
}

/** An endpoint whose mounts cannot be read is walked without skipping. */
function mountsOf(host: Host) {
  try {
    return host.mounts()
  } catch (error) {
    if (error instanceof HostError) return []
    throw error
  }
}
