import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { fileStatOf } from './file-stat.ts'
import { type ByteName, type FileStat, HostError, type NamedEntry } from './host.ts'
import { listing } from './listing.ts'
import { nativePath } from './path-bytes.ts'
import { systemCall } from './system-error.ts'

/** Looks names up and needs no right to read the directory; Node names no constant for it. Same on x86-64 and arm64. */
const O_PATH = 0o10000000
const oneLevelDown = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Directory descriptors that one host keeps open. A deeper tree closes the oldest and gets them back on the way up. */
const maxOpenDirectories = 64

/** A directory reached from the root one component at a time, never through a link. Its descriptor may be closed and opened
 *  again behind the scenes; device and inode say whether it is still the same. */
export class LinuxDirectory {
  readonly parent: LinuxDirectory | undefined
  readonly name: ByteName
  readonly #open: Set<LinuxDirectory>
  #descriptor: number | undefined
  /** `/proc/self/fd/N/`, as long as the descriptor is open. */
  #prefix = ''
  #evicted = false
  #stat: FileStat | undefined

  private constructor(
    parent: LinuxDirectory | undefined,
    name: ByteName,
    descriptor: number,
    open: Set<LinuxDirectory>,
  ) {
    this.parent = parent
    this.name = name
    this.#open = open
    this.#keep(descriptor)
  }

  /** The directory that a host is confined to. Its descriptor stays open. */
  static root(path: string): LinuxDirectory {
    const descriptor = systemCall(() => openSync(path, O_PATH | constants.O_DIRECTORY))
    return new LinuxDirectory(undefined, '', descriptor, new Set())
  }

  /** @throws HostError, `not-directory` for a link too */
  child(name: ByteName): LinuxDirectory {
    const path = this.pathOf(name)
    return new LinuxDirectory(
      this,
      name,
      systemCall(() => openSync(path, oneLevelDown)),
      this.#open,
    )
  }

  /** Asked once, of the descriptor. @throws HostError */
  get stat(): FileStat {
    this.#stat ??= statOf(this.#held())
    return this.#stat
  }

  /** A path by which the system finds `name` in this very directory, wherever that is by now. */
  pathOf(name: ByteName): string | Buffer {
    this.#held()
    return nativePath(this.#prefix + name)
  }

  entries(): Iterable<readonly NamedEntry[]> {
    return listing(this.pathOf(''), this.#held())
  }

  /** Gives the descriptor back. The directory can still be used: it is then found again from above. */
  release(): void {
    this.#evicted = false
    if (this.parent === undefined) return
    this.#remember()
    this.#drop()
  }

  /** For a walk that is done with it and now returns to the parent: if that had to be closed on the way down, it is opened
   *  again through `..`, which costs the same at every depth. */
  leave(): void {
    if (this.parent === undefined) return
    if (this.#descriptor !== undefined) this.parent.#reopenIfEvicted(this.#prefix)
    this.#evicted = false
    this.#drop()
  }

  #held(): number {
    return this.#descriptor ?? this.#findAgain()
  }

  #keep(descriptor: number): void {
    this.#descriptor = descriptor
    this.#prefix = `/proc/self/fd/${descriptor}/`
    this.#evicted = false
    if (this.parent === undefined) return
    this.#open.add(this)
    if (this.#open.size <= maxOpenDirectories) return
    const [oldest] = this.#open
    if (oldest !== undefined) oldest.#dropAsEvicted()
  }

  #dropAsEvicted(): void {
    this.#remember()
    this.#drop()
    this.#evicted = true
  }

  #drop(): void {
    this.#open.delete(this)
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  /** What it was, which is asked only when it may have to be found again: most directories are opened once. */
  #remember(): void {
    if (this.#descriptor !== undefined) this.#stat ??= statOf(this.#descriptor)
  }

  #reopenIfEvicted(childPrefix: string): void {
    if (!this.#evicted) return
    try {
      this.#keepIfSame(openSync(`${childPrefix}..`, oneLevelDown))
    } catch {
      // The child was moved away meanwhile. #findAgain tries from above when this directory is needed.
    }
  }

  /** Opens every closed directory from the last open one above down to this one. */
  #findAgain(): number {
    const closed: LinuxDirectory[] = []
    let above: LinuxDirectory = this
    while (above.#descriptor === undefined && above.parent !== undefined) {
      closed.push(above)
      above = above.parent
    }
    let held = above
    for (const directory of closed.reverse()) {
      const path = held.pathOf(directory.name)
      directory.#keepIfSame(systemCall(() => openSync(path, oneLevelDown)))
      if (held !== above) held.#dropAsEvicted()
      held = directory
    }
    if (this.#descriptor === undefined) throw new HostError('not-found')
    return this.#descriptor
  }

  #keepIfSame(descriptor: number): void {
    const { device, inode } = statOf(descriptor)
    if (device !== this.#stat?.device || inode !== this.#stat.inode) {
      closeSync(descriptor)
      throw new HostError('not-found')
    }
    this.#keep(descriptor)
  }
}

function statOf(descriptor: number): FileStat {
  return systemCall(() => fileStatOf(fstatSync(descriptor, { bigint: true })))
}
