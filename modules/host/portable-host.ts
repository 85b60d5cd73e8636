import { lstatSync, readlinkSync } from 'node:fs'
import { fileStatOf } from './file-stat.ts'
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
import { pieces } from './listing.ts'
import { openFile, readWhole } from './open-file.ts'
import { isAbsolute, joinPath, nativePath, oneComponent, pathBytes, splitPath } from './path-bytes.ts'
import { systemCall } from './system-error.ts'

const maxLinks = 40

/** A machine whose paths are looked up as whole strings. Links and `..` are resolved one component at a time inside the root,
 *  but, unlike on Linux, somebody who renames underneath at the right moment can lead a lookup astray, and a path longer
 *  than the system takes is refused. */
export class PortableHost implements Host {
  readonly platform: NodeJS.Platform
  readonly root: string
  readonly #split: (path: string) => readonly string[]

  /** @param split the components of a path given as text, where `/` is not the only separator */
  constructor(root: string, platform: NodeJS.Platform, split?: (path: string) => readonly string[]) {
    this.root = root
    this.platform = platform
    this.#split = split ?? ((path) => path.split('/').filter((name) => name !== ''))
  }

  open(path: Uint8Array | string): OpenFile {
    const native = this.native(this.#resolve(path, false))
    const { kind } = lstat(native)
    if (kind === 'link') throw new HostError('is-link')
    if (kind !== 'file' && kind !== 'directory') throw new HostError('not-supported')
    return openFile(native)
  }

  stat(path: Uint8Array | string, follow: boolean): FileStat {
    return lstat(this.native(this.#resolve(path, follow)))
  }

  list(path: Uint8Array | string): readonly DirectoryEntry[] {
    return [...this.openDirectory(path).entries()]
      .flat()
      .map(({ name, kind }) => ({ name: Buffer.from(name, 'latin1'), kind }))
  }

  readLink(path: Uint8Array | string): Uint8Array {
    const native = this.native(this.#resolve(path, false))
    return systemCall(() => readlinkSync(native, 'buffer'))
  }

  readFile(path: Uint8Array | string, maxBytes: number): Uint8Array {
    const native = this.native(this.#resolve(path, true))
    if (lstat(native).kind !== 'file') throw new HostError('not-supported')
    const file = openFile(native)
    try {
      return readWhole(file, maxBytes)
    } finally {
      file.close()
    }
  }

  hostname(): string {
    return hostnameOf(this)
  }

  openDirectory(path: Uint8Array | string, links: 'follow' | 'refuse' = 'follow'): OpenDirectory {
    const components = this.#resolve(path, false)
    // As long as it was: a path without links resolves to itself.
    if (links === 'refuse' && joinPath(components) !== pathBytes(path).toString('latin1'))
      throw new HostError('is-link')
    return new PathDirectory(this, components)
  }

  realPath(path: Uint8Array | string): Uint8Array {
    const components = this.#resolve(path, true)
    lstat(this.native(components))
    return Buffer.from(joinPath(components), 'latin1')
  }

  mounts(): readonly Mount[] {
    return []
  }

  /** Components below the root, without links (but for the last, unless `follow`) and `..`. */
  #resolve(path: Uint8Array | string, follow: boolean): readonly ByteName[] {
    const components =
      typeof path === 'string'
        ? this.#split(path).map((name) => Buffer.from(name).toString('latin1'))
        : splitPath(pathBytes(path))
    return this.resolveFrom([], components, follow)
  }

  resolveFrom(start: readonly ByteName[], path: readonly ByteName[], follow: boolean): readonly ByteName[] {
    const resolved = [...start]
    const left = [...path].reverse()
    let links = 0
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === '.') continue
      if (name === '..') {
        resolved.pop()
        continue
      }
      resolved.push(name)
      const native = this.native(resolved)
      if ((left.length === 0 && !follow) || lstat(native).kind !== 'link') continue
      links += 1
      if (links > maxLinks) throw new HostError('symlink-loop')
      const target = systemCall(() => readlinkSync(native, 'buffer'))
      if (isAbsolute(target)) resolved.length = 0
      else resolved.pop()
      left.push(...splitPath(target).reverse())
    }
    return resolved
  }

  /** The path that this machine knows it by. */
  native(components: readonly ByteName[]): string | Buffer {
    const below = joinPath(components)
    if (this.root !== '/') return nativePath(Buffer.from(this.root).toString('latin1') + below)
    // `/C:/Users` is `C:/Users` there; Node takes forward slashes.
    return nativePath(this.platform === 'win32' ? below.slice(1) : below)
  }
}

class PathDirectory implements OpenDirectory {
  readonly stat: FileStat
  readonly #host: PortableHost
  readonly #components: readonly ByteName[]

  constructor(host: PortableHost, components: readonly ByteName[]) {
    this.#host = host
    this.#components = components
    this.stat = lstat(host.native(components))
    if (this.stat.kind === 'link') throw new HostError('is-link')
    if (this.stat.kind !== 'directory') throw new HostError('not-directory')
  }

  entries(): Iterable<readonly NamedEntry[]> {
    return pieces(this.#host.native(this.#components))
  }

  openDirectory(name: ByteName): OpenDirectory {
    return new PathDirectory(this.#host, [...this.#components, oneComponent(name)])
  }

  open(name: ByteName, follow: boolean): OpenFile {
    return openFile(this.#native(name, follow))
  }

  statEntry(name: ByteName, follow: boolean): FileStat {
    return lstat(this.#native(name, follow))
  }

  close(): void {}

  #native(name: ByteName, follow: boolean): string | Buffer {
    return this.#host.native(this.#host.resolveFrom(this.#components, [oneComponent(name)], follow))
  }
}

function lstat(native: string | Buffer): FileStat {
  return systemCall(() => fileStatOf(lstatSync(native, { bigint: true })))
}
