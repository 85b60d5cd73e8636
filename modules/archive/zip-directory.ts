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
/** Of a number that stands in the 64-bit end. */
const allOnes = 0xffffffff
export const centralSignature = 0x02014b50
export const localSignature = 0x04034b50

/** Where the central directory of a zip lies. */
export interface ZipDirectory {
  readonly start: number
  readonly sizeBytes: number
  /** What stands before the archive in its file, a program that unpacks it for example. Offsets count from here. */
  readonly base: number
}

/** What says of a source that it is a zip: its first bytes, or nothing but its name. */
export type ZipClaim = 'bytes' | 'name'

/** Looks for the end of a zip at the end of the source. Which of several is meant is decided as Java does: another may stand in a comment
 *  to hide the entries.
 *  @param claim undefined when nothing says that it is one: then no comment is looked for, which takes 64 KiB more
 *  @returns undefined when it is no zip
 *  @throws ArchiveError `corrupt-data`, also for one that begins as a zip and has no end; HostError */
export function findZipDirectory(source: ByteSource, claim: ZipClaim | undefined): ZipDirectory | undefined {
  const tailBytes = Math.min(source.sizeBytes, endBytes + maxCommentBytes)
  const tailAt = source.sizeBytes - tailBytes
  if (tailBytes >= endBytes) {
    // Nearly always there is no comment.
    const last = readExactly(source, source.sizeBytes - endBytes, endBytes)
    if (last.readUInt32LE(0) === endSignature && last.readUInt16LE(20) === 0) {
      return directoryOf(source, last, source.sizeBytes - endBytes)
    }
    if (claim === undefined) return undefined
    const tail = readExactly(source, tailAt, tailBytes)
    const at = findEnd(source, tail, tailAt)
    if (at !== undefined) return directoryOf(source, tail.subarray(at, at + endBytes), tailAt + at)
  }
  if (claim === 'bytes') throw corrupt()
  return undefined
}

/** The last end whose comment fills the rest, or that leads to entries; else the last that could be one. */
function findEnd(source: ByteSource, tail: Buffer, tailAt: number): number | undefined {
  let other: number | undefined
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail[at] !== 0x50 || tail.readUInt32LE(at) !== endSignature) continue
    const commentEnd = at + endBytes + tail.readUInt16LE(at + 20)
    if (commentEnd === tail.length) return at
    const start = tailAt + at - tail.readUInt32LE(at + 12)
    const first = start - tail.readUInt32LE(at + 16)
    if (hasSignature(source, start, centralSignature) && hasSignature(source, first, localSignature))
      return at
    if (commentEnd < tail.length) other ??= at
  }
  return other
}

function hasSignature(source: ByteSource, at: number, signature: number): boolean {
  return at >= 0 && at + 4 <= source.sizeBytes && readExactly(source, at, 4).readUInt32LE(0) === signature
}

function directoryOf(source: ByteSource, end: Buffer, endAt: number): ZipDirectory {
  const narrow = { at: endAt, sizeBytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) }
  const wide = readEnd64(source, endAt)
  // Java does not look at one that says something else either.
  const agrees = (['sizeBytes', 'offset'] as const).every(
    (field) => narrow[field] === allOnes || narrow[field] === wide?.[field],
  )
  const { at, sizeBytes, offset } = wide !== undefined && agrees ? wide : narrow
  const start = at - sizeBytes
  const base = start - offset
  if (start < 0 || base < 0) throw corrupt()
  return { start, sizeBytes, base }
}

interface End64 {
  readonly at: number
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
    return { at, sizeBytes: safeNumber(end, 40), offset: safeNumber(end, 48) }
  }
  throw corrupt()
}

/** An unsigned 64-bit number. @throws ArchiveError beyond 2^53 */
export function safeNumber(bytes: Buffer, at: number): number {
  const number = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(number)) throw corrupt()
  return number
}
