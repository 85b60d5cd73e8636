import { type BigIntStats, constants, type Dirent } from 'node:fs'
import type { FileKind, FileStat } from './host.ts'

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFLNK, 'link'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFSOCK, 'socket'],
  [constants.S_IFCHR, 'character-device'],
  [constants.S_IFBLK, 'block-device'],
])

export function fileStatOf(stats: BigIntStats): FileStat {
  const mode = Number(stats.mode)
  return {
    kind: kinds.get(mode & constants.S_IFMT) ?? 'unknown',
    sizeBytes: Number(stats.size),
    mode,
    mtimeNs: stats.mtimeNs,
    device: stats.dev,
    inode: stats.ino,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  }
}

export function kindOf(entry: Dirent<Buffer>): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isFIFO()) return 'fifo'
  if (entry.isSocket()) return 'socket'
  if (entry.isCharacterDevice()) return 'character-device'
  return entry.isBlockDevice() ? 'block-device' : 'unknown'
}
