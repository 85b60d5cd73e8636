import { corrupt } from './archive-error.ts'

/** Takes bits from the end of a piece of bytes to its beginning, as zstd writes them. The highest bit that is set in the last byte
 *  marks where they begin. */
export class BackwardBits {
  /** Bits that are left. Below zero when more were taken than there were: those read as zeros. */
  left: number
  readonly #bytes: Uint8Array
  readonly #start: number

  /** @throws ArchiveError `corrupt-data` when there is no mark */
  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] as number) : 0
    if (last === 0) throw corrupt()
    this.#bytes = bytes
    this.#start = start
    this.left = (end - start - 1) * 8 + (31 - Math.clz32(last))
  }

  /** @param count at most 24 */
  take(count: number): number {
    this.left -= count
    return this.#at(this.left, count)
  }

  /** @param count up to 31 */
  takeLong(count: number): number {
    if (count <= 24) return this.take(count)
    const high = this.take(count - 16)
    return high * 0x10000 + this.take(16)
  }

  peek(count: number): number {
    return this.#at(this.left - count, count)
  }

  #at(place: number, count: number): number {
    const mask = (1 << count) - 1
    if (place < 0) return place + count <= 0 ? 0 : (this.#at(0, place + count) << -place) & mask
    const at = this.#start + (place >> 3)
    const bytes = this.#bytes
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    return (word >>> (place & 7)) & mask
  }
}
