import type { HeldMemory } from './archive-budget.ts'
import { corrupt } from './archive-error.ts'

const firstBytes = 64 * 1024

/** What a decoder has given lately, for it to copy from. Grows with what is given: a header may ask for more than ever comes. */
export class SlidingWindow {
  bytes: Buffer
  /** Where the next byte is written. */
  end = 0
  /** Before it nothing may be copied from. */
  start = 0
  readonly #windowBytes: number
  readonly #memory: HeldMemory

  constructor(windowBytes: number, memory: HeldMemory) {
    this.#windowBytes = windowBytes
    this.#memory = memory
    memory.grow(firstBytes)
    this.bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  /** Makes room for `count` bytes. @throws ArchiveError `too-large` */
  reserve(count: number): void {
    if (this.end + count <= this.bytes.length) return
    const kept = Math.min(this.end - this.start, this.#windowBytes)
    // Half a window of room, so that sliding costs no more than two copies of each byte.
    const most = this.#windowBytes + Math.max(this.#windowBytes >> 1, count)
    const from = this.end - kept
    let bytes = this.bytes
    if (bytes.length < most && kept + count > bytes.length >> 1) {
      const sizeBytes = Math.max(kept + count, Math.min(most, 2 * bytes.length))
      this.#memory.grow(sizeBytes)
      bytes = Buffer.allocUnsafeSlow(sizeBytes)
    }
    this.bytes.copy(bytes, 0, from, this.end)
    this.bytes = bytes
    this.start = 0
    this.end = kept
  }

  /** Nothing before is copied from any more. */
  forget(): void {
    this.start = this.end
  }

  /** Copies what was written `distance` ago; the copy may overlap itself. Room must be there.
   *  @throws ArchiveError `corrupt-data` when nothing was */
  repeat(distance: number, lengthBytes: number): void {
    const from = this.end - distance
    if (distance <= 0 || from < this.start) throw corrupt()
    const { bytes } = this
    if (distance >= lengthBytes && lengthBytes > 32) {
      bytes.copyWithin(this.end, from, from + lengthBytes)
      this.end += lengthBytes
      return
    }
    let to = this.end
    for (let at = from; at < from + lengthBytes; at++) bytes[to++] = bytes[at] as number
    this.end = to
  }

  /** A copy of the last `count` bytes. */
  last(count: number): Buffer {
    return Buffer.from(this.bytes.subarray(this.end - count, this.end))
  }
}
