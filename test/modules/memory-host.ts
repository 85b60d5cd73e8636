import { posix } from 'node:path'
import {
  type FileKind,
  type FileStat,
  type Host,
  HostError,
  type HostErrorCode,
} from '../../modules/host/host.ts'
import { bytesOf, openPathDirectory } from './path-directory.ts'

/** Content, a link, or what opening it is refused with. Directories are what paths imply. */
export type MemoryEntry = string | Uint8Array | { readonly link: string } | { readonly refuse: HostErrorCode }

/** A machine in memory. Paths are compared as bytes; only a final link is ever followed. */
export function memoryHost(
  entries: Readonly<Record<string, MemoryEntry>>,
  { platform = 'linux' as NodeJS.Platform, hostname = 'fixture' } = {},
): Host {
  const byPath = new Map(Object.entries(entries).map(([path, entry]) => [keyOf(path), entry]))

  function find(path: Uint8Array | string): MemoryEntry | 'directory' {
    const key = keyOf(path)
    const entry = byPath.get(key)
    if (entry !== undefined) {
      if (typeof entry === 'object' && 'refuse' in entry) throw new HostError(entry.refuse)
      return entry
    }
    const inside = key === '/' ? '/' : `${key}/`
    if ([...byPath.keys()].some((each) => each.startsWith(inside))) return 'directory'
    throw new HostError('not-found')
  }

  function contentOf(path: Uint8Array | string): Uint8Array {
    const entry = find(path)
    if (entry === 'directory') throw new HostError('read-failed')
    if (typeof entry === 'string' || entry instanceof Uint8Array) return Buffer.from(entry)
    throw new HostError('is-link')
  }

  function realPath(path: Uint8Array | string): Uint8Array {
    let key = keyOf(path)
    for (let hops = 0; hops < 8; hops++) {
      const entry = find(Buffer.from(key, 'latin1'))
      if (typeof entry !== 'object' || !('link' in entry)) return Buffer.from(key, 'latin1')
      key = posix.resolve(posix.dirname(key), entry.link)
    }
    throw new HostError('symlink-loop')
  }

  const host: Host = {
    platform,
    root: '/',
    realPath,
    mounts: () => [],
    openDirectory: (path) => openPathDirectory(host, path),
    hostname: () => hostname,
    open(path) {
      const content = contentOf(path)
      let offset = 0
      return {
        stat: statOf('file', content.length),
        read(buffer) {
          const piece = content.subarray(offset, offset + buffer.length)
          buffer.set(piece)
          offset += piece.length
          return piece.length
        },
        readAt(buffer, position) {
          const piece = content.subarray(position, position + buffer.length)
          buffer.set(piece)
          return piece.length
        },
        changed: () => false,
        close: () => undefined,
      }
    },
    stat(path, follow) {
      const entry = find(follow ? realPath(path) : path)
      if (entry === 'directory') return statOf('directory', 0)
      if (typeof entry === 'object' && 'link' in entry) return statOf('link', entry.link.length)
      return statOf('file', contentOf(path).length)
    },
    list(path) {
      const key = keyOf(path)
      if (find(path) !== 'directory') throw new HostError('not-directory')
      const inside = key === '/' ? '/' : `${key}/`
      const kinds = new Map<string, FileKind>()
      for (const each of byPath.keys()) {
        const [name = '', ...rest] = each.startsWith(inside) ? each.slice(inside.length).split('/') : []
        if (name !== '') kinds.set(name, rest.length > 0 ? 'directory' : kindOf(byPath.get(each)))
      }
      return [...kinds].map(([name, kind]) => ({ name: Buffer.from(name, 'latin1'), kind }))
    },
    readLink(path) {
      const entry = find(path)
      if (typeof entry === 'object' && 'link' in entry) return Buffer.from(entry.link)
      throw new HostError('read-failed')
    },
    readFile(path, maxBytes) {
      const content = contentOf(path)
      if (content.length > maxBytes) throw new HostError('too-large')
      return content
    },
  }
  return host
}

export function statOf(kind: FileKind, sizeBytes: number): FileStat {
  const mode = { directory: 0o040755, link: 0o120777 }[kind as 'directory' | 'link'] ?? 0o100644
  return {
    kind,
    sizeBytes,
    allocatedBytes: sizeBytes,
    mode,
    mtimeNs: 1_700_000_000_000_000_000n,
    atimeNs: 1_700_000_000_000_000_000n,
    ctimeNs: 1_700_000_000_000_000_000n,
    btimeNs: 0n,
    links: 1,
    device: 1n,
    inode: 1n,
    uid: 0,
    gid: 0,
  }
}

function kindOf(entry: MemoryEntry | undefined): FileKind {
  return typeof entry === 'object' && 'link' in entry ? 'link' : 'file'
}

/** Bytes as latin1, without doubled and trailing slashes. */
function keyOf(path: Uint8Array | string): string {
  const text = bytesOf(path).toString('latin1').replace(/\/+/g, '/')
  return text.length > 1 ? text.replace(/\/$/, '') : text
}
