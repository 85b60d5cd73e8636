import { crc32, constants as flush, inflateRawSync } from 'node:zlib'
import { codeOf } from '../../node/core/error.ts'
import type { ArchiveBudget } from './archive-budget.ts'
import { type EntryData, peekBytes } from './archive-entry.ts'
import { ArchiveError, corrupt } from './archive-error.ts'
import { type ByteSource, PartOfSource, piecesOf, readExactly } from './byte-source.ts'
import { metered, zipMethod } from './decode.ts'
import type { ByteStream } from './stream-reader.ts'
import type { ZipEntry } from './zip-entries.ts'

const localBytes = 30
const localSignature = 0x04034b50
const stored = 0
const deflated = 8
/** Entries up to these sizes are decoded at once, which is several times faster than in pieces. */
const maxPackedAtOnceBytes = 1024 * 1024
const maxAtOnceBytes = 4 * 1024 * 1024

/** @throws ArchiveError `encrypted`, `not-supported-here`, `corrupt-data` */
export function zipData(source: ByteSource, entry: ZipEntry, budget: ArchiveBudget): EntryData {
  if (entry.isEncrypted) throw new ArchiveError('encrypted')
  const { method } = entry
  if (method !== stored && zipMethod(method) === undefined) throw new ArchiveError('not-supported-here')
  const start = dataStart(source, entry)
  if (start + entry.packedBytes > source.sizeBytes) throw corrupt()
  const isStored = method === stored
  return {
    peek: () => peek(source, entry, start, budget),
    chunks: () => checked(entry, chunks(source, entry, start, budget)),
    source: isStored ? new PartOfSource(source, start, entry.packedBytes) : undefined,
  }
}

/** The local header repeats the central one and may have extra fields of its own: only its length counts. */
function dataStart(source: ByteSource, entry: ZipEntry): number {
  const local = readExactly(source, entry.offset, localBytes)
  if (local.readUInt32LE(0) !== localSignature) throw corrupt()
  return entry.offset + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28)
}

async function peek(
  source: ByteSource,
  entry: ZipEntry,
  start: number,
  budget: ArchiveBudget,
): Promise<Buffer> {
  const first = () => readExactly(source, start, Math.min(peekBytes, entry.packedBytes))
  if (entry.method === stored) return first()
  if (entry.method === deflated) {
    try {
      return inflateRawSync(first(), { finishFlush: flush.Z_SYNC_FLUSH }).subarray(0, peekBytes)
    } catch (error) {
      throw deflateError(error)
    }
  }
  const pieces: Uint8Array[] = []
  for await (const piece of chunks(source, entry, start, budget)) {
    pieces.push(piece)
    if (pieces.reduce((sum, { length }) => sum + length, 0) >= peekBytes) break
  }
  return Buffer.concat(pieces).subarray(0, peekBytes)
}

function chunks(source: ByteSource, entry: ZipEntry, start: number, budget: ArchiveBudget): ByteStream {
  const pieces = () => piecesOf(source, start, entry.packedBytes)
  if (entry.method === stored) return metered(pieces(), budget, () => entry.packedBytes)
  if (entry.method === deflated) {
    const whole = inflateAtOnce(source, entry, start)
    if (whole !== undefined) return metered([whole], budget, () => entry.packedBytes)
  }
  return zipMethod(entry.method)?.(pieces(), budget) ?? []
}

/** Undefined when it is too large, or larger than it says. */
function inflateAtOnce(source: ByteSource, entry: ZipEntry, start: number): Buffer | undefined {
  if (entry.packedBytes > maxPackedAtOnceBytes || entry.sizeBytes > maxAtOnceBytes) return undefined
  try {
    return inflateRawSync(readExactly(source, start, entry.packedBytes), {
      maxOutputLength: Math.max(1, entry.sizeBytes),
      chunkSize: Math.max(64, entry.sizeBytes + 1),
    })
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw deflateError(error)
  }
}

function deflateError(error: unknown): unknown {
  return codeOf(error)?.startsWith('Z_') === true ? corrupt() : error
}

/** @throws ArchiveError at the end when there were not the bytes that the directory promised */
async function* checked(entry: ZipEntry, bytes: ByteStream): AsyncGenerator<Uint8Array, void> {
  let sum = 0
  let sizeBytes = 0
  for await (const piece of bytes) {
    sum = crc32(piece, sum)
    sizeBytes += piece.length
    yield piece
  }
  if (sizeBytes !== entry.sizeBytes || sum !== entry.crc32) throw corrupt()
}
