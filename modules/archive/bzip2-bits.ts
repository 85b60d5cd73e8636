import { corrupt } from './archive-error.ts'

/** Takes bits, the highest of each byte first. */
export class BitReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  #held = 0
  #count = 0

  /** @param skip bits of the first byte that are taken already */
  constructor(bytes: Uint8Array, at: number, end: number, skip: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    if (skip > 0) this.take(skip)
  }

  /** @param count at most 24
   *  @throws ArchiveError `corrupt-data` at the end */
  take(count: number): number {
    this.#need(count)
    this.#count -= count
    return (this.#held >>> this.#count) & ((1 << count) - 1)
  }

  /** The next bits without taking them; zeros behind the end. */
  peek(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#end) return (this.#held << (count - this.#count)) & ((1 << count) - 1)
      this.#more()
    }
    return (this.#held >>> (this.#count - count)) & ((1 << count) - 1)
  }

  /** Where the byte stands of which the next bit is. */
  get wholeBytes(): number {
    return this.#at - Math.ceil(this.#count / 8)
  }

  /** How many bits of it are taken. */
  get bitsOfByte(): number {
    return (8 - (this.#count % 8)) % 8
  }

  /** The first byte of which nothing is taken. */
  get byteAfter(): number {
    return this.#at - Math.floor(this.#count / 8)
  }

  #need(count: number): void {
    while (this.#count < count) {
      if (this.#at >= this.#end) throw corrupt()
      this.#more()
    }
  }

  #more(): void {
    this.#held = (this.#held << 8) | (this.#bytes[this.#at++] as number)
    this.#count += 8
  }
}
