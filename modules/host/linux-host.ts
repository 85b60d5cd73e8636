import { readlinkSync } from 'node:fs'
import {
  type ByteName,
  type DirectoryEntry,
  type FileStat,
  type Host,
  HostError,
  type Mount,
  type NamedEntry,
  type OpenDirectory,
  type OpenFile,
} from './host.ts'
import { hostnameOf } from './hostname.ts'
import { LinuxDirectory } from './linux-directory.ts'
import { directoryAt, pathBelowRoot, statIn, withPlace } from './linux-resolve.ts'
import { openFile, readWhole } from './open-file.ts'
import { mountsBelow, parseMountinfo } from './parse-mountinfo.ts'
import { oneComponent, pathBytes } from './path-bytes.ts'
import { systemCall } from './system-error.ts'

const maxMountinfoBytes = 16 * 1024 * 1024

/** A Linux machine, or the root directory of one. Every path is walked by directory descriptor, so that nothing outside the
 *  root is reached even while somebody renames and links underneath. */
export class LinuxHost implements Host {
  readonly platform = 'linux'
  readonly root: string
  readonly #top: LinuxDirectory

  /** @throws HostError when the root is not there */
  constructor(root: string) {
    this.root = root
    this.#top = LinuxDirectory.root(root)
  }

  open(path: Uint8Array | string): OpenFile {
    return withPlace(this.#top, pathBytes(path), false, ({ directory, name }) => {
      // Opening some devices is an act already (a watchdog starts to count), so the kind is asked first.
      const { kind } = statIn(directory, name)
      if (kind === 'link') throw new HostError('is-link')
      if (kind !== 'file' && kind !== 'directory') throw new HostError('not-supported')
      return openFile(directory.pathOf(name))
    })
  }

  stat(path: Uint8Array | string, follow: boolean): FileStat {
    return withPlace(this.#top, pathBytes(path), follow, ({ directory, name }) => statIn(directory, name))
  }

  list(path: Uint8Array | string): readonly DirectoryEntry[] {
    const directory = this.openDirectory(path)
    try {
      return [...directory.entries()]
        .flat()
        .map(({ name, kind }) => ({ name: Buffer.from(name, 'latin1'), kind }))
    } finally {
      directory.close()
    }
  }

  readLink(path: Uint8Array | string): Uint8Array {
    return withPlace(this.#top, pathBytes(path), false, ({ directory, name }) =>
      systemCall(() => readlinkSync(directory.pathOf(name), 'buffer')),
    )
  }

  readFile(path: Uint8Array | string, maxBytes: number): Uint8Array {
    return withPlace(this.#top, pathBytes(path), true, ({ directory, name }) => {
      if (statIn(directory, name).kind !== 'file') throw new HostError('not-supported')
      const file = openFile(directory.pathOf(name))
      try {
        return readWhole(file, maxBytes)
      } finally {
        file.close()
      }
    })
  }

  hostname(): string {
    return hostnameOf(this)
  }

  openDirectory(path: Uint8Array | string, links: 'follow' | 'refuse' = 'follow'): OpenDirectory {
    if (links === 'refuse') return new WalkedDirectory(directoryAt(this.#top, pathBytes(path)))
    return withPlace(this.#top, pathBytes(path), false, ({ directory, name }) => {
      if (name === '.') return new WalkedDirectory(directory)
      return new WalkedDirectory(enter(directory, name))
    })
  }

  realPath(path: Uint8Array | string): Uint8Array {
    return withPlace(this.#top, pathBytes(path), true, (place) => {
      if (place.name !== '.') statIn(place.directory, place.name)
      return Buffer.from(pathBelowRoot(place), 'latin1')
    })
  }

  mounts(): readonly Mount[] {
    const own = openFile('/proc/self/mountinfo')
    try {
      const root = systemCall(() => readlinkSync(this.#top.pathOf('').slice(0, -1), 'latin1'))
      return mountsBelow(root, parseMountinfo(readWhole(own, maxMountinfoBytes)))
    } finally {
      own.close()
    }
  }
}

class WalkedDirectory implements OpenDirectory {
  readonly #directory: LinuxDirectory

  constructor(directory: LinuxDirectory) {
    this.#directory = directory
  }

  get stat(): FileStat {
    return this.#directory.stat
  }

  entries(): Iterable<readonly NamedEntry[]> {
    return this.#directory.entries()
  }

  openDirectory(name: ByteName): OpenDirectory {
    return new WalkedDirectory(enter(this.#directory, oneComponent(name)))
  }

  open(name: ByteName, follow: boolean): OpenFile {
    const own = oneComponent(name)
    if (!follow) return openFile(this.#directory.pathOf(own))
    return withPlace(this.#directory, Buffer.from(own, 'latin1'), true, (place) =>
      openFile(place.directory.pathOf(place.name)),
    )
  }

  statEntry(name: ByteName, follow: boolean): FileStat {
    const own = oneComponent(name)
    if (!follow) return statIn(this.#directory, own)
    return withPlace(this.#directory, Buffer.from(own, 'latin1'), true, (place) =>
      statIn(place.directory, place.name),
    )
  }

  close(): void {
    this.#directory.leave()
  }
}

function enter(directory: LinuxDirectory, name: ByteName): LinuxDirectory {
  try {
    return directory.child(name)
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'not-directory') throw error
    // The system says the same of links and of files.
    throw statIn(directory, name).kind === 'link' ? new HostError('is-link') : error
  }
}
