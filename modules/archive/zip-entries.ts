import type { ArchiveEntry } from './archive-entry.ts'
import { corrupt } from './archive-error.ts'
import { type ByteSource, readExactly } from './byte-source.ts'
import { centralSignature, safeNumber, type ZipDirectory } from './zip-directory.ts'

/** An entry as the central directory has it. */
export interface ZipEntry extends ArchiveEntry {
  readonly sizeBytes: number
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc32: number
  readonly packedBytes: number
  /** Of its local header, from the beginning of the source. */
  readonly offset: number
}

const headerBytes = 46
const windowBytes = 64 * 1024
const maxHeaderBytes = headerBytes + 3 * 0xffff

/** The entries in the order of the central directory, which is read piece by piece.
 *  @throws ArchiveError `corrupt-data`; HostError */
export function* zipEntries(source: ByteSource, directory: ZipDirectory): Generator<ZipEntry, void> {
  const end = directory.start + directory.sizeBytes
  let window: Buffer = Buffer.alloc(0)
  let windowAt = directory.start
  for (let at = directory.start; at < end; ) {
    if (window.length - (at - windowAt) < Math.min(maxHeaderBytes, end - at)) {
      window = readExactly(source, at, Math.min(maxHeaderBytes + windowBytes, end - at))
      windowAt = at
    }
    const header = window.subarray(at - windowAt)
    if (header.length < headerBytes || header.readUInt32LE(0) !== centralSignature) throw corrupt()
    const nameBytes = header.readUInt16LE(28)
    const extraBytes = header.readUInt16LE(30)
    const lengthBytes = headerBytes + nameBytes + extraBytes + header.readUInt16LE(32)
    if (header.length < lengthBytes) throw corrupt()
    yield entryOf(header, nameBytes, extraBytes, directory.base)
    at += lengthBytes
  }
}

function entryOf(header: Buffer, nameBytes: number, extraBytes: number, base: number): ZipEntry {
  // A copy: the window is larger than one name, and names are kept.
  const name = Buffer.from(header.subarray(headerBytes, headerBytes + nameBytes))
  const extra = extrasOf(header.subarray(headerBytes + nameBytes, headerBytes + nameBytes + extraBytes))
  const wide = wideNumbers(header, extra.get(0x0001))
  const unix = header[5] === 3 ? header.readUInt16LE(40) : 0
  const flags = header.readUInt16LE(8)
  const method = header.readUInt16LE(10)
  // Bytes are bytes, whatever the mode says: Java and most others do not look at it. Nothing takes up to two of them when it is packed.
  const isDirectory = name.at(-1) === 0x2f && wide.sizeBytes === 0 && wide.packedBytes <= 2
  const isLink = (unix & 0o170000) === 0o120000
  return {
    name,
    kind: isDirectory ? 'directory' : isLink ? 'link' : 'file',
    mode: unix === 0 ? undefined : unix & 0o7777,
    mtimeNs: extendedTime(extra.get(0x5455)) ?? dosTime(header.readUInt16LE(14), header.readUInt16LE(12)),
    method,
    isEncrypted: (flags & 0x2041) !== 0 || method === 99,
    crc32: header.readUInt32LE(16),
    packedBytes: wide.packedBytes,
    sizeBytes: wide.sizeBytes,
    offset: base + wide.offset,
  }
}

/** Fields by number; what does not fit is left out, as every reader of zip does. */
function extrasOf(extra: Buffer): ReadonlyMap<number, Buffer> {
  const fields = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= extra.length; ) {
    const sizeBytes = extra.readUInt16LE(at + 2)
    if (at + 4 + sizeBytes > extra.length) break
    fields.set(extra.readUInt16LE(at), extra.subarray(at + 4, at + 4 + sizeBytes))
    at += 4 + sizeBytes
  }
  return fields
}

/** Zip64: a number that is all ones stands in the extra field, in this order. */
function wideNumbers(header: Buffer, extra: Buffer | undefined) {
  let at = 0
  const read = (field: number): number => {
    const narrow = header.readUInt32LE(field)
    if (narrow !== 0xffffffff || extra === undefined) return narrow
    if (at + 8 > extra.length) throw corrupt()
    at += 8
    return safeNumber(extra, at - 8)
  }
  return { sizeBytes: read(24), packedBytes: read(20), offset: read(42) }
}

const nsPerSecond = 1_000_000_000n

function extendedTime(field: Buffer | undefined): bigint | undefined {
  if (field === undefined || field.length < 5 || ((field[0] ?? 0) & 1) === 0) return undefined
  return BigInt(field.readInt32LE(1)) * nsPerSecond
}

/** In the time zone of whoever packed it, which the archive does not tell: taken as UTC. */
function dosTime(date: number, time: number): bigint | undefined {
  const month = (date >> 5) & 15
  const day = date & 31
  if (month < 1 || month > 12 || day < 1) return undefined
  const ms = Date.UTC(1980 + (date >> 9), month - 1, day, time >> 11, (time >> 5) & 63, (time & 31) * 2)
  return BigInt(ms) * 1_000_000n
}
