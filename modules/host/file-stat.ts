import { type BigIntStats, constants } from 'node:fs'
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
    allocatedBytes: Number(stats.blocks) * 512,
    mode,
    mtimeNs: stats.mtimeNs,
    atimeNs: stats.atimeNs,
    ctimeNs: stats.ctimeNs,
    btimeNs: stats.birthtimeNs,
    links: Number(stats.nlink),
    device: stats.dev,
    inode: stats.ino,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  }
}
