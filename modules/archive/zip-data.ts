import { crc32, constants as flush, inflateRawSync } from 'node:zlib'
import { codeOf } from '../../node/core/error.ts'
import type { ArchiveBudget } from './archive-budget.ts'
import { type EntryData, peekBytes } from './archive-entry.ts'
import { ArchiveError, corrupt } from './archive-error.ts'
import { type ByteSource, PartOfSource, piecesOf, readExactly } from './byte-source.ts'
import { metered, zipMethod } from './decode.ts'
import type { ByteStream } from './stream-reader.ts'
import { localSignature } from './zip-directory.ts'
import type { ZipEntry } from './zip-entries.ts'

const localBytes = 30
/** What most local headers have beside the name. */
const usualExtraBytes = 64
const stored = 0
const deflated = 8
/** Entries up to these sizes are decoded at once, which is several times faster than in pieces. */
const maxPackedAtOnceBytes = 1024 * 1024
const maxAtOnceBytes = 4 * 1024 * 1024

/** @throws ArchiveError `encrypted`, `not-supported-here`, `corrupt-data`; what is wrong with its local header shows when it is read */
export function zipData(source: ByteSource, entry: ZipEntry, budget: ArchiveBudget): EntryData {
  if (entry.isEncrypted) throw new ArchiveError('encrypted')
  const { method } = entry
  if (method !== stored && zipMethod(method) === undefined) throw new ArchiveError('not-supported-here')
  const packed = new PackedEntry(source, entry, budget)
  return {
    whole: () => packed.whole(),
    peek: () => packed.peek(),
    chunks: () => packed.chunks(),
    source: () => packed.source(),
  }
}

class PackedEntry {
  readonly #source: ByteSource
  readonly #entry: ZipEntry
  readonly #budget: ArchiveBudget
  #start: number | undefined

  constructor(source: ByteSource, entry: ZipEntry, budget: ArchiveBudget) {
    this.#source = source
    this.#entry = entry
    this.#budget = budget
  }

  whole(): Buffer | undefined {
    const { method, packedBytes, sizeBytes } = this.#entry
    if (packedBytes > maxPackedAtOnceBytes || sizeBytes > maxAtOnceBytes) return undefined
    if (method !== stored && method !== deflated) return undefined
    const packed = this.#readAll()
    const bytes = method === stored ? packed : inflateAtOnce(packed, sizeBytes)
    // What is not as its directory says is read in pieces, so that what can be read is.
    if (bytes?.length !== sizeBytes || crc32(bytes) !== this.#entry.crc32) return undefined
    this.#budget.takeBytes(sizeBytes, sizeBytes, packedBytes)
    return bytes
  }

  async peek(): Promise<Buffer> {
    const { method, packedBytes } = this.#entry
    // Twice as many as are looked at: what cannot be packed has become longer.
    const first = () => readExactly(this.#source, this.#dataStart(), Math.min(2 * peekBytes, packedBytes))
    if (method === stored) return first().subarray(0, peekBytes)
    if (method === deflated) return inflateBeginning(first())
    const pieces: Uint8Array[] = []
    let sizeBytes = 0
    for await (const piece of this.#decoded()) {
      pieces.push(piece)
      sizeBytes += piece.length
      if (sizeBytes >= peekBytes) break
    }
    return Buffer.concat(pieces).subarray(0, peekBytes)
  }

  chunks(): ByteStream {
    return checked(this.#entry, this.#decoded())
  }

  source(): ByteSource | undefined {
    const { method, packedBytes } = this.#entry
    return method === stored ? new PartOfSource(this.#source, this.#dataStart(), packedBytes) : undefined
  }

  #decoded(): ByteStream {
    const { method, packedBytes } = this.#entry
    const pieces = piecesOf(this.#source, this.#dataStart(), packedBytes)
    if (method === stored) return metered(pieces, this.#budget, () => packedBytes)
    return zipMethod(method)?.(pieces, this.#budget) ?? []
  }

  /** The local header and the bytes behind it, mostly in one reading. */
  #readAll(): Buffer {
    const { offset, name, packedBytes } = this.#entry
    const guess = localBytes + name.length + usualExtraBytes + packedBytes
    const bytes = readExactly(
      this.#source,
      offset,
      Math.min(guess, Math.max(0, this.#source.sizeBytes - offset)),
    )
    const start = localHeaderBytes(bytes)
    this.#start = offset + start
    const packed = bytes.subarray(start, start + packedBytes)
    return packed.length === packedBytes ? packed : readExactly(this.#source, offset + start, packedBytes)
  }

  #dataStart(): number {
    this.#start ??=
      this.#entry.offset + localHeaderBytes(readExactly(this.#source, this.#entry.offset, localBytes))
    if (this.#start + this.#entry.packedBytes > this.#source.sizeBytes) throw corrupt()
    return this.#start
  }
}

/** The local header repeats the central one and may have extra fields of its own: only its length counts. */
function localHeaderBytes(local: Buffer): number {
  if (local.length < localBytes || local.readUInt32LE(0) !== localSignature) throw corrupt()
  return localBytes + local.readUInt16LE(26) + local.readUInt16LE(28)
}

function inflateBeginning(packed: Buffer): Buffer {
  try {
    return inflateRawSync(packed, { finishFlush: flush.Z_SYNC_FLUSH, chunkSize: 4096 }).subarray(0, peekBytes)
  } catch (error) {
    throw codeOf(error)?.startsWith('Z_') === true ? corrupt() : error
  }
}

/** Undefined when it is not what it says. */
function inflateAtOnce(packed: Buffer, sizeBytes: number): Buffer | undefined {
  try {
    return inflateRawSync(packed, {
      maxOutputLength: Math.max(1, sizeBytes),
      chunkSize: Math.max(64, sizeBytes + 1),
    })
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE' || codeOf(error)?.startsWith('Z_') === true) return undefined
    throw error
  }
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
