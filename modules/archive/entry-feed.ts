import type { EntrySink } from './archive-visitor.ts'
import type { ByteStream } from './stream-reader.ts'

/** The run is to stop: unwinds all archives at once. */
export class ArchiveStopped extends Error {}

/** Carries the bytes of one entry to who asked for them, beside a decoder perhaps that reads the same. */
export class EntryFeed {
  readonly sink: EntrySink | undefined
  /** What the stream of this entry threw: then it is no fault of a decoder behind it. */
  failure: unknown
  #sizeBytes = 0
  #isWhole = false
  readonly #breathe: () => Promise<void>

  /** @param breathe gives others their turn between pieces; throws when the run is to stop */
  constructor(sink: EntrySink | undefined, breathe: () => Promise<void>) {
    this.sink = sink
    this.#breathe = breathe
  }

  get wantsMore(): boolean {
    return this.sink?.wantsMore ?? false
  }

  /** Gives on what it has given to the sink. */
  async *through(stream: ByteStream): AsyncGenerator<Buffer, void> {
    try {
      for await (const piece of stream) {
        const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        this.#sizeBytes += bytes.length
        if (this.sink !== undefined && !(await this.sink.push(bytes))) throw new ArchiveStopped()
        await this.#breathe()
        yield bytes
      }
      this.#isWhole = true
    } catch (error) {
      this.failure = error
      throw error
    }
  }

  /** Gives all of the bytes at once. */
  async whole(bytes: Buffer): Promise<void> {
    this.#sizeBytes = bytes.length
    this.#isWhole = true
    if (this.sink?.isSettledBy(bytes) === true) return
    if (this.sink !== undefined && !(await this.sink.push(bytes))) throw new ArchiveStopped()
  }

  /** Feeds the sink as long as it wants more. */
  async drain(stream: AsyncIterable<unknown>): Promise<void> {
    if (!this.wantsMore) return
    for await (const _ of stream) if (!this.wantsMore) return
  }

  async end(): Promise<void> {
    await this.sink?.end(this.#isWhole ? this.#sizeBytes : undefined)
  }
}
