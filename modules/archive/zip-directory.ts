import { ArchiveError, corrupt } from './archive-error.ts'
import { type ByteSource, readExactly } from './byte-source.ts'

// APPNOTE.TXT 4.3: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
const endBytes = 22
const endSignature = 0x06054b50
const locatorBytes = 20
const locatorSignature = 0x07064b50
const end64Bytes = 56
const end64Signature = 0x06064b50
const maxCommentBytes = 0xffff

/** Where the central directory of a zip lies. */
export interface ZipDirectory {
  readonly start: number
  readonly sizeBytes: number
  /** As many entries as the archive says it has: a claim. */
  readonly count: number
  /** What stands before the archive in its file, a program that unpacks it for example. Offsets count from here. */
  readonly base: number
}

/** Looks for the end of a zip at the end of the source.
 *  @param thorough also where a comment may follow it, which takes 64 KiB more
 *  @returns undefined when it is no zip
 *  @throws ArchiveError `corrupt-data`; HostError */
export function findZipDirectory(source: ByteSource, thorough: boolean): ZipDirectory | undefined {
  const tailBytes = Math.min(source.sizeBytes, endBytes + maxCommentBytes)
  if (tailBytes < endBytes) return undefined
  // Nearly always there is no comment.
  const last = readExactly(source, source.sizeBytes - endBytes, endBytes)
  if (last.readUInt32LE(0) === endSignature && last.readUInt16LE(20) === 0) {
    return directoryOf(source, last, source.sizeBytes - endBytes)
  }
  if (!thorough) return undefined
  const tail = readExactly(source, source.sizeBytes - tailBytes, tailBytes)
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    if (tail[at] !== 0x50 || tail.readUInt32LE(at) !== endSignature) continue
    if (at + endBytes + tail.readUInt16LE(at + 20) > tailBytes) continue
    return directoryOf(source, tail.subarray(at, at + endBytes), source.sizeBytes - tailBytes + at)
  }
  return undefined
}

function directoryOf(source: ByteSource, end: Buffer, endAt: number): ZipDirectory {
  const wide = readEnd64(source, endAt)
  const count = wide?.count ?? end.readUInt16LE(10)
  const sizeBytes = wide?.sizeBytes ?? end.readUInt32LE(12)
  const offset = wide?.offset ?? end.readUInt32LE(16)
  const start = (wide?.at ?? endAt) - sizeBytes
  const base = start - offset
  if (start < 0 || base < 0) throw corrupt()
  return { start, sizeBytes, count, base }
}

interface End64 {
  readonly at: number
  readonly count: number
  readonly sizeBytes: number
  readonly offset: number
}

/** What stands before the end of archives that are beyond 4 GiB or 65,535 entries. */
function readEnd64(source: ByteSource, endAt: number): End64 | undefined {
  const locatorAt = endAt - locatorBytes
  if (locatorAt < end64Bytes) return undefined
  const locator = readExactly(source, locatorAt, locatorBytes)
  if (locator.readUInt32LE(0) !== locatorSignature) return undefined
  if (locator.readUInt32LE(16) > 1) throw new ArchiveError('not-supported-here')
  // Something that stands before the archive shifts all offsets; then it lies where it usually does.
  for (const at of [safeNumber(locator, 8), locatorAt - end64Bytes]) {
    if (at > locatorAt - end64Bytes) continue
    const end = readExactly(source, at, end64Bytes)
    if (end.readUInt32LE(0) !== end64Signature) continue
    return { at, count: safeNumber(end, 32), sizeBytes: safeNumber(end, 40), offset: safeNumber(end, 48) }
  }
  throw corrupt()
}

/** An unsigned 64-bit number. @throws ArchiveError beyond 2^53 */
export function safeNumber(bytes: Buffer, at: number): number {
  const number = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(number)) throw corrupt()
  return number
}
