import { corrupt } from './archive-error.ts'

/** Bytes that come in pieces. A piece may be kept. */
export type ByteStream = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

const startBytes = 64 * 1024

/** A stream from which a decoder takes as many bytes as it needs at a time. What is at hand lies in `bytes` from `at` to `end`. */
export class StreamReader {
  bytes: Buffer = Buffer.allocUnsafeSlow(startBytes)
  at = 0
  end = 0
  readonly #pieces: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #left: Uint8Array | undefined
  #isEnded = false

  constructor(stream: ByteStream) {
    this.#pieces = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]()
  }

  get available(): number {
    return this.end - this.at
  }

  /** Waits until `count` bytes are at hand or the stream ends. Does not wait when they are there.
   *  @returns whether they are there */
  async fill(count: number): Promise<boolean> {
    while (this.available < count) {
      const piece = this.#left ?? (await this.#next())
      if (piece === undefined) return false
      this.#makeRoom(count)
      const taken = Math.min(piece.length, this.bytes.length - this.end)
      this.bytes.set(piece.subarray(0, taken), this.end)
      this.end += taken
      this.#left = taken < piece.length ? piece.subarray(taken) : undefined
    }
    return true
  }

  /** @throws ArchiveError `corrupt-data` when the stream ends before */
  async need(count: number): Promise<void> {
    if (this.available < count && !(await this.fill(count))) throw corrupt()
  }

  /** A copy of the next bytes. @throws like `need` */
  async take(count: number): Promise<Buffer> {
    await this.need(count)
    const taken = Buffer.from(this.bytes.subarray(this.at, this.at + count))
    this.at += count
    return taken
  }

  /** All that is left, in pieces as they come. */
  async *rest(): AsyncGenerator<Buffer, void> {
    while (await this.fill(1)) yield await this.take(this.available)
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      await this.need(1)
      const skipped = Math.min(left, this.available)
      this.at += skipped
      left -= skipped
    }
  }

  /** Lets the source of the stream go. */
  async close(): Promise<void> {
    this.#isEnded = true
    this.#left = undefined
    await this.#pieces.return?.()
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#isEnded) return undefined
    const step = await this.#pieces.next()
    if (step.done !== true) return step.value
    this.#isEnded = true
    return undefined
  }

  #makeRoom(count: number): void {
    if (this.at === this.end) this.at = this.end = 0
    if (this.at + count <= this.bytes.length && this.end < this.bytes.length) return
    // Twice as much, so that what is left is not moved for each few bytes that are taken.
    const room = Math.max(this.bytes.length, 2 * count)
    const bytes = room === this.bytes.length ? this.bytes : Buffer.allocUnsafeSlow(room)
    bytes.set(this.bytes.subarray(this.at, this.end), 0)
    this.bytes = bytes
    this.end -= this.at
    this.at = 0
  }
}
