import { lstatSync, opendirSync, readlinkSync } from 'node:fs'
import { fileStatOf, kindOf } from './file-stat.ts'
import {
  type DirectoryEntry,
  type FileStat,
  type Host,
  HostError,
  type Mount,
  type OpenDirectory,
  type OpenFile,
} from './host.ts'
import { hostnameOf } from './hostname.ts'
import { openFile, readWhole } from './open-file.ts'
import { isAbsolute, isDot, isDotDot, joinPath, oneComponent, pathBytes, splitPath } from './path-bytes.ts'
import { systemCall } from './system-error.ts'

const maxLinks = 40
const namesInMemory = 1024

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
    this.#split =
      split ?? ((path) => splitPath(Buffer.from(path, 'utf8')).map((name) => name.toString('utf8')))
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

  openDirectory(path: Uint8Array | string): OpenDirectory {
    return new PathDirectory(this, this.#resolve(path, false))
  }

  realPath(path: Uint8Array | string): Uint8Array {
    const components = this.#resolve(path, true)
    lstat(this.native(components))
    return joinPath(components)
  }

  mounts(): readonly Mount[] {
    return []
  }

  /** Components below the root, without links (but for the last, unless `follow`) and `..`. */
  #resolve(path: Uint8Array | string, follow: boolean): readonly Buffer[] {
    const components =
      typeof path === 'string'
        ? this.#split(path).map((name) => Buffer.from(name))
        : splitPath(pathBytes(path))
    return this.resolveFrom([], components, follow)
  }

  resolveFrom(start: readonly Buffer[], path: readonly Buffer[], follow: boolean): readonly Buffer[] {
    const resolved = [...start]
    const left = [...path].reverse()
    let links = 0
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (isDot(name)) continue
      if (isDotDot(name)) {
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
  native(components: readonly Buffer[]): Buffer {
    const below = joinPath(components)
    if (this.root !== '/') return Buffer.concat([Buffer.from(this.root), below])
    // `/C:/Users` is `C:/Users` there; Node takes forward slashes.
    return this.platform === 'win32' ? below.subarray(1) : below
  }
}

class PathDirectory implements OpenDirectory {
  readonly stat: FileStat
  readonly #host: PortableHost
  readonly #components: readonly Buffer[]

  constructor(host: PortableHost, components: readonly Buffer[]) {
    this.#host = host
    this.#components = components
    this.stat = lstat(host.native(components))
    if (this.stat.kind === 'link') throw new HostError('is-link')
    if (this.stat.kind !== 'directory') throw new HostError('not-directory')
  }

  *entries(): Generator<DirectoryEntry> {
    const native = this.#host.native(this.#components)
    const options = { encoding: 'buffer' as unknown as BufferEncoding, bufferSize: namesInMemory }
    // The types of Node 20 know only text paths and names here; bytes work.
    const listing = systemCall(() => opendirSync(native as unknown as string, options))
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        const { name } = entry as unknown as { name: Buffer }
        yield { name, kind: kindOf(entry as unknown as Parameters<typeof kindOf>[0]) }
      }
    } finally {
      listing.closeSync()
    }
  }

  openDirectory(name: Uint8Array): OpenDirectory {
    return new PathDirectory(this.#host, [...this.#components, oneComponent(name)])
  }

  open(name: Uint8Array, follow: boolean): OpenFile {
    return openFile(this.#native(name, follow))
  }

  statEntry(name: Uint8Array, follow: boolean): FileStat {
    return lstat(this.#native(name, follow))
  }

  close(): void {}

  #native(name: Uint8Array, follow: boolean): Buffer {
    return this.#host.native(this.#host.resolveFrom(this.#components, [oneComponent(name)], follow))
  }
}

function lstat(native: Buffer): FileStat {
  return systemCall(() => fileStatOf(lstatSync(native, { bigint: true })))
}
