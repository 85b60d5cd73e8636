import { maxWalkDepth } from '../../../node/core/limits.ts'
import {
  type ByteName,
  type FileKind,
  type FileStat,
  type Host,
  HostError,
  type NamedEntry,
  type OpenDirectory,
  type OpenFile,
} from '../../host/host.ts'
import { problemOf } from '../../host-problem.ts'
import type { ProblemCode } from '../../module.ts'
import { type BytePath, bytesOf, join } from '../file-path.ts'
import type { Mounts } from '../skipped-mounts.ts'
import type { FileVisit, Visitor, Work } from '../visit.ts'
import type { ActiveScope, Scopes } from './scopes.ts'

/** A directory that nobody has entered yet, in a form that another thread can take over. */
export interface Errand {
  readonly above: BytePath
  /** The same without links: those above a search path are followed once, when its walk begins. */
  readonly realAbove: BytePath
  readonly name: ByteName
  /** What is at work in the directory above. */
  readonly active: readonly ActiveScope[]
  readonly depth: number
  readonly endsShort: boolean
}

interface Frame {
  readonly directory: OpenDirectory
  readonly path: BytePath
  /** The same without links: where mounts are looked up, and other threads find it. */
  readonly real: BytePath
  readonly active: readonly ActiveScope[]
  /** Levels above it. */
  readonly depth: number
  readonly endsShort: boolean
  /** Undefined when all entries were looked at. */
  pieces: Iterator<readonly NamedEntry[]> | undefined
  piece: readonly NamedEntry[]
  at: number
  /** Sub-directories not entered yet, the next one last. */
  names: ByteName[]
  /** Scopes that a file here lies in, and how many were full when they were listed. */
  scopes: readonly number[]
  full: number
}

/** Whoever takes an errand goes there level by level: from deeper it would cost more than it brings. */
const deepestErrand = 50

/** One thread's walk through trees: every directory once for all searches, files before sub-directories. Links to files are followed
 *  inside the host's root, links to directories are not. */
export class TreeWalk {
  readonly #host: Host
  readonly #scopes: Scopes
  readonly #mounts: Mounts
  readonly #visitor: Visitor
  // A stack of our own: a hostile tree is deeper than calls may nest.
  readonly #frames: Frame[] = []
  #work: Work | undefined

  constructor(host: Host, scopes: Scopes, mounts: Mounts, visitor: Visitor) {
    this.#host = host
    this.#scopes = scopes
    this.#mounts = mounts
    this.#visitor = visitor
  }

  get isDone(): boolean {
    return this.#work === undefined && this.#frames.length === 0
  }

  /** Is it in the midst of a file? */
  get isWorking(): boolean {
    return this.#work !== undefined
  }

  /** Are there directories that another thread could take? */
  get isShareable(): boolean {
    return this.#frames.some(({ names, depth }) => names.length > 0 && depth < deepestErrand)
  }

  /** Has more to walk through.
   *  @param real the path without links */
  begin(directory: OpenDirectory, path: BytePath, real: BytePath, active: readonly ActiveScope[]): void {
    this.#push(directory, path, real === path ? path : real, active, 0, this.#mounts.endsShort(real))
  }

  /** Enters a directory that another walk has left to it. */
  take(errand: Errand): void {
    this.#enter(errand, () =>
      this.#host.openDirectory(bytesOf(join(errand.realAbove, errand.name)), 'refuse'),
    )
  }

  /** Has work done: on the file of a visit that was made outside of a tree. */
  work(work: Work | undefined): void {
    this.#work = work
  }

  /** Goes on until it is time for something else.
   *  @param isDue asked after each entry
   *  @returns what must be awaited before it can go on, if there is anything */
  advance(isDue: () => boolean): Promise<unknown> | undefined {
    for (;;) {
      if (this.#work !== undefined) {
        const step = this.#work.next()
        if (step.done !== true && step.value !== undefined) return step.value
        if (step.done === true) this.#work = undefined
      } else {
        const frame = this.#frames.at(-1)
        if (frame === undefined) return undefined
        if (frame.pieces !== undefined) this.#look(frame)
        else this.#descend(frame)
      }
      if (isDue()) return undefined
    }
  }

  /** Gives sub-directories away: those nearest to the root, which lead to most.
   *  @param take says whether there was room for one */
  share(most: number, take: (errand: Errand) => boolean): void {
    let left = most
    for (const { path, real, names, active, depth, endsShort } of this.#frames) {
      if (depth >= deepestErrand) return
      // Half of what there is, so that this thread has as much to do as the others.
      for (let count = Math.min(left, Math.ceil(names.length / 2)); count > 0; count--) {
        const errand = { above: path, realAbove: real, name: names[0] as ByteName, active, depth, endsShort }
        if (!take(errand)) return
        names.shift()
        left -= 1
      }
      if (left === 0) return
    }
  }

  /** Gives every descriptor back. */
  close(): void {
    this.#work?.return()
    this.#work = undefined
    for (let frame = this.#frames.pop(); frame !== undefined; frame = this.#frames.pop()) this.#leave(frame)
  }

  #push(
    directory: OpenDirectory,
    path: BytePath,
    real: BytePath,
    active: readonly ActiveScope[],
    depth: number,
    endsShort: boolean,
  ): void {
    this.#frames.push({
      directory,
      path,
      real,
      active,
      depth,
      endsShort,
      pieces: directory.entries()[Symbol.iterator](),
      piece: [],
      at: 0,
      names: [],
      scopes: [],
      full: -1,
    })
  }

  #leave(frame: Frame): void {
    frame.pieces?.return?.()
    frame.directory.close()
  }

  /** Looks at the next entry. */
  #look(frame: Frame): void {
    if (frame.at < frame.piece.length) {
      const entry = frame.piece[frame.at++] as NamedEntry
      this.#entry(frame, entry.name, entry.kind)
      if (this.#scopesOf(frame).length === 0) this.#endFiles(frame)
      return
    }
    try {
      const next = frame.pieces?.next()
      frame.at = 0
      frame.piece = next === undefined || next.done === true ? [] : next.value
      if (next === undefined || next.done === true) this.#endFiles(frame)
    } catch (error) {
      this.#problem(vanishedCode(error), frame.path)
      this.#endFiles(frame)
    }
  }

  #endFiles(frame: Frame): void {
    frame.pieces?.return?.()
    frame.pieces = undefined
    frame.piece = []
    // The order in which they came: the list is used up from its end.
    frame.names.reverse()
  }

  #entry(frame: Frame, name: ByteName, listed: NamedEntry['kind']): void {
    let kind = listed
    if (kind === 'unknown') {
      try {
        kind = frame.directory.statEntry(name, false).kind
      } catch (error) {
        this.#problem(vanishedCode(error), join(frame.path, name))
        return
      }
    }
    if (kind === 'directory') frame.names.push(name)
    else if (kind === 'file') this.#file(frame, name)
    else if (kind === 'link') this.#link(frame, name)
    if (kind !== 'file' && this.#scopes.choose) this.#other(frame, name, kind)
  }

  /** Directories, links and the like are tested by themselves where a search asks for them. */
  #other(frame: Frame, name: ByteName, kind: FileKind): void {
    const scopes = this.#scopes.testing(this.#scopesOf(frame), kind, () => join(frame.path, name))
    if (scopes.length === 0) return
    const work = this.#visitor.file(new EntryVisit(frame, name, scopes, kind))
    this.#work = this.#work === undefined ? work : both(this.#work, work)
  }

  #file(frame: Frame, name: ByteName): void {
    let scopes = this.#scopesOf(frame)
    if (this.#scopes.roots.length > 1) {
      const begun = this.#scopes.arrive(join(frame.path, name))
      if (begun.length > 0) scopes = [...new Set([...scopes, ...begun])]
    }
    if (this.#scopes.choose) {
      scopes = this.#scopes.testing(scopes, 'file', () => join(frame.path, name))
      if (scopes.length === 0) return
    }
    this.#work = this.#visitor.file(new EntryVisit(frame, name, scopes, 'file'))
  }

  #link(frame: Frame, name: ByteName): void {
    const scopes = this.#scopes.testing(this.#scopesOf(frame), 'followed', () => join(frame.path, name))
    if (scopes.length === 0) return
    const visit = new EntryVisit(frame, name, scopes, 'followed')
    try {
      if (visit.stat().kind !== 'file') return
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      this.#problem(error, join(frame.path, name))
      return
    }
    this.#work = this.#visitor.file(visit)
  }

  /** Enters the next sub-directory, or goes back up. */
  #descend(frame: Frame): void {
    const name = frame.names.pop()
    if (name === undefined) {
      this.#frames.pop()
      frame.directory.close()
      return
    }
    const { path, real, active, depth, endsShort } = frame
    const errand = { above: path, realAbove: real, name, active, depth, endsShort }
    this.#enter(errand, () => frame.directory.openDirectory(name))
  }

  #enter(errand: Errand, open: () => OpenDirectory): void {
    const { above, realAbove, name, depth, endsShort } = errand
    const path = join(above, name)
    const real = realAbove === above ? path : join(realAbove, name)
    const mount = this.#mounts.at(real)
    const going = this.#scopes
      .live(errand.active)
      .filter(({ scope, left }) => left > 1 && this.#scopes.enters(scope, path, mount !== undefined))
    const through =
      mount?.isSkipped === true ? going.filter(({ scope }) => this.#mayEnter(mount, scope)) : going
    if (through.length < going.length) this.#visitor.problem('skipped-filesystem', path, false)
    const below = through.map(({ scope, left }) => ({ scope, left: left - 1 }))
    // A root inside of what is skipped, or below where the others end, gets a walk of its own.
    const active = below.length === 0 ? below : this.#scopes.activate(below, this.#scopes.arrive(path))
    if (active.length === 0) return
    if (depth + 1 >= maxWalkDepth) {
      this.#visitor.problem('limit-reached', path, false)
      return
    }
    try {
      this.#push(open(), path, real, active, depth + 1, mount?.endsShort ?? endsShort)
    } catch (error) {
      this.#problem(vanishedCode(error), path)
    }
  }

  #mayEnter(mount: { readonly kind: string | undefined }, scope: number): boolean {
    return mount.kind === 'remote' && this.#scopes.all[scope]?.remote === true
  }

  #scopesOf(frame: Frame): readonly number[] {
    const { fullScopes } = this.#scopes.board
    if (frame.full !== fullScopes) {
      frame.full = fullScopes
      frame.scopes = this.#scopes.live(frame.active).map(({ scope }) => scope)
    }
    return frame.scopes
  }

  #problem(cause: HostError | ProblemCode, about: BytePath): void {
    this.#visitor.problem(typeof cause === 'string' ? cause : problemOf(cause, about).code, about, true)
  }
}

class EntryVisit implements FileVisit {
  readonly scopes: readonly number[]
  readonly name: ByteName
  readonly #frame: Frame
  readonly #kind: FileKind | 'followed'
  #stat: FileStat | undefined

  constructor(frame: Frame, name: ByteName, scopes: readonly number[], kind: FileKind | 'followed') {
    this.#frame = frame
    this.name = name
    this.scopes = scopes
    this.#kind = kind
  }

  get isRegular(): boolean {
    return this.#kind === 'file' || this.#kind === 'followed'
  }

  get kind(): FileKind {
    return this.#kind === 'followed' ? 'file' : this.#kind
  }

  get directory(): BytePath {
    return this.#frame.path
  }

  get endsShort(): boolean {
    // A link may lead to any file system.
    return this.#frame.endsShort && !this.#isFollowed
  }

  get #isFollowed(): boolean {
    return this.#kind === 'followed'
  }

  stat(): FileStat {
    this.#stat ??= this.#frame.directory.statEntry(this.name, this.#isFollowed)
    return this.#stat
  }

  open(): OpenFile {
    return this.#frame.directory.open(this.name, this.#isFollowed)
  }
}

function* both(first: Work, second: Work | undefined): Work {
  yield* first
  if (second !== undefined) yield* second
}

/** What was listed a moment ago and now is not there, or something else, has vanished. */
function vanishedCode(error: unknown): HostError | ProblemCode {
  if (!(error instanceof HostError)) throw error
  return ['not-found', 'not-directory', 'is-link'].includes(error.code) ? 'vanished' : error
}
