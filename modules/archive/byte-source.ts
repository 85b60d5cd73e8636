import { corrupt } from './archive-error.ts'

/** Bytes that can be read from any place: a file, a part of one, or memory. */
export interface ByteSource {
  readonly sizeBytes: number
  /** Fills `buffer` from `position` on, as far as there are bytes.
   *  @returns how many; fewer than asked for only at the end
   *  @throws HostError */
  readAt(buffer: Uint8Array, position: number): number
}

export class MemorySource implements ByteSource {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  readAt(buffer: Uint8Array, position: number): number {
    const piece = this.#bytes.subarray(position, position + buffer.length)
    buffer.set(piece)
    return piece.length
  }
}

/** A part of another source: an entry that lies there as it is. */
export class PartOfSource implements ByteSource {
  readonly sizeBytes: number
  readonly #whole: ByteSource
  readonly #start: number

  constructor(whole: ByteSource, start: number, sizeBytes: number) {
    this.#whole = whole
    this.#start = start
    this.sizeBytes = sizeBytes
  }

  readAt(buffer: Uint8Array, position: number): number {
    const left = Math.max(0, this.sizeBytes - position)
    return this.#whole.readAt(buffer.subarray(0, left), this.#start + position)
  }
}

/** @throws ArchiveError `corrupt-data` when the source ends before; HostError */
export function readExactly(source: ByteSource, position: number, lengthBytes: number): Buffer {
  // Places come from directories that may say anything, and a system takes no number beyond 2^53.
  if (position < 0 || position + lengthBytes > source.sizeBytes) throw corrupt()
  const bytes = Buffer.allocUnsafe(lengthBytes)
  if (source.readAt(bytes, position) < lengthBytes) throw corrupt()
  return bytes
}

/** The bytes from `start` on in pieces of at most 64 KiB, each in memory of its own.
 *  @throws ArchiveError `corrupt-data` when the source ends before; HostError */
export function* piecesOf(source: ByteSource, start: number, lengthBytes: number): Generator<Buffer, void> {
  for (let at = 0; at < lengthBytes; at += pieceBytes) {
    yield readExactly(source, start + at, Math.min(pieceBytes, lengthBytes - at))
  }
}
const pieceBytes = 64 * 1024
