import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf } from '../../node/core/error.ts'
import { fileStatOf } from './file-stat.ts'
import { type FileStat, HostError, type OpenFile } from './host.ts'
import { systemCall } from './system-error.ts'

// What a platform lacks is 0 there: Windows knows none of these, macOS no O_NOATIME.
const careful =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
const noAccessTime = constants.O_NOATIME ?? 0

/** Opens for reading without following a final link, without blocking, and without touching the access time where the
 *  system lets us (only a file's owner and root may ask for that).
 *  @throws HostError */
export function openFile(path: string | Buffer): OpenFile {
  return new DescriptorFile(systemCall(() => openCarefully(path)))
}

function openCarefully(path: string | Buffer): number {
  if (noAccessTime === 0) return openSync(path, careful)
  try {
    return openSync(path, careful | noAccessTime)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error
    return openSync(path, careful)
  }
}

class DescriptorFile implements OpenFile {
  #descriptor: number | undefined
  #stat: FileStat | undefined
  /** Where the next bytes are read: a pipe has no such place, so that none is ever read from. */
  #at = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  get stat(): FileStat {
    this.#stat ??= systemCall(() => fileStatOf(fstatSync(this.#open, { bigint: true })))
    return this.#stat
  }

  read(buffer: Uint8Array): number {
    // The name may have been swapped since it was looked at: what was opened decides.
    if (this.#stat !== undefined && this.#stat.kind !== 'file') throw new HostError('not-supported')
    const count = systemCall(() => readSync(this.#open, buffer, 0, buffer.length, this.#at))
    this.#at += count
    if (count === buffer.length && this.stat.kind !== 'file') throw new HostError('not-supported')
    return count
  }

  readAt(buffer: Uint8Array, position: number): number {
    if (this.stat.kind !== 'file') throw new HostError('not-supported')
    let filled = 0
    while (filled < buffer.length) {
      const left = buffer.subarray(filled)
      const count = systemCall(() => readSync(this.#open, left, 0, left.length, position + filled))
      if (count === 0) break
      filled += count
    }
    return filled
  }

  changed(): boolean {
    if (this.#descriptor === undefined) return false
    const before = this.stat
    const now = systemCall(() => fileStatOf(fstatSync(this.#open, { bigint: true })))
    return now.sizeBytes !== before.sizeBytes || now.mtimeNs !== before.mtimeNs
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  get #open(): number {
    if (this.#descriptor === undefined) throw new HostError('not-supported')
    return this.#descriptor
  }
}

/** What `readWhole` reads into, piece by piece: a fresh one for each small file would be most of what that costs. */
let pieceBuffer: Buffer | undefined

/** Reads a file that is small to its end, whatever size it says it has.
 *  @throws HostError, `too-large` beyond `maxBytes` */
export function readWhole(file: OpenFile, maxBytes: number): Uint8Array {
  const chunks: Buffer[] = []
  let total = 0
  pieceBuffer ??= Buffer.allocUnsafeSlow(64 * 1024)
  const buffer = pieceBuffer.subarray(0, Math.min(maxBytes + 1, pieceBuffer.length))
  for (;;) {
    const count = file.read(buffer)
    if (count === 0) return new Uint8Array(Buffer.concat(chunks))
    total += count
    if (total > maxBytes) throw new HostError('too-large')
    chunks.push(Buffer.from(buffer.subarray(0, count)))
  }
}
