import { type Dirent, fstatSync, opendirSync, readdirSync } from 'node:fs'
import type { FileKind, NamedEntry } from './host.ts'
import { systemCall } from './system-error.ts'

const namesInMemory = 1024
/** A directory that says no more than this of its size is listed at once. Most count bytes (tmpfs 20 an entry, ext4 12 and more), ZFS and
 *  HFS+ count entries: so many still fit a host's memory, in each of its threads. */
const maxSizeAtOnce = 64 * 1024

/** The entries of a directory in pieces, a bounded number in memory. Small directories come whole, which costs half.
 *  @param path with a slash at its end
 *  @param descriptor of the same directory
 *  @throws HostError while it is walked through */
export function* listing(path: string | Buffer, descriptor: number): Generator<readonly NamedEntry[]> {
  if (isSmall(descriptor)) {
    const all = namesAndKinds(path)
    if (all.length > 0) yield all
    return
  }
  yield* pieces(path)
}

/** The same where there is nothing but a path. */
export function* pieces(path: string | Buffer): Generator<readonly NamedEntry[]> {
  // The types of Node 20 know only text paths here; bytes work.
  const options = { encoding: 'latin1' as const, bufferSize: namesInMemory }
  const directory = systemCall(() => opendirSync(path as string, options))
  try {
    for (;;) {
      const piece: NamedEntry[] = []
      while (piece.length < namesInMemory) {
        const entry = systemCall(() => directory.readSync())
        if (entry === null) break
        piece.push({ name: entry.name, kind: kindOf(entry) })
      }
      if (piece.length === 0) return
      yield piece
    }
  } finally {
    directory.closeSync()
  }
}

function isSmall(descriptor: number): boolean {
  const { size, nlink } = systemCall(() => fstatSync(descriptor))
  // One link, or no size: a file system whose directories do not say it, like overlayfs where layers meet, or bcachefs.
  return size > 0 && size <= maxSizeAtOnce && nlink !== 1
}

function namesAndKinds(path: string | Buffer): readonly NamedEntry[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true, encoding: 'latin1' })
  } catch {
    // Where the file system does not tell kinds, Node asks for each by a name that it takes for UTF-8, and one that is not, or has
    // vanished, spoils all.
    const names = systemCall(() => readdirSync(path, { encoding: 'latin1' }))
    return names.map((name) => ({ name, kind: 'unknown' }))
  }
  return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
}

function kindOf(entry: Dirent): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isFIFO()) return 'fifo'
  if (entry.isSocket()) return 'socket'
  if (entry.isCharacterDevice()) return 'character-device'
  return entry.isBlockDevice() ? 'block-device' : 'unknown'
}
