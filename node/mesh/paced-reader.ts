import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { streamReadAheadBytes } from '../core/limits.ts'

/** Reads a stream no faster than its bytes are used, so that the other side waits instead of our memory filling:
 *  libp2p's own readers take in whatever comes. */
export class PacedReader {
  readonly #stream: Stream
  #chunks: Uint8Array[] = []
  #bytes = 0
  #wanted = 0
  #wake: (() => void) | undefined
  #isResuming = false

  constructor(stream: Stream) {
    this.#stream = stream
    stream.addEventListener('message', (event) => this.#receive(event))
    const wake = () => this.#wake?.()
    stream.addEventListener('remoteCloseWrite', wake)
    stream.addEventListener('close', wake)
  }

  /** Exactly `count` bytes; undefined when the other side ended before the first of them.
   *  @throws Error when the stream ends between them or was reset, the signal's reason when it aborts */
  async take(count: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#wanted = count
    while (this.#bytes < count) {
      if (!(await this.#more(signal))) {
        if (this.#bytes === 0) return undefined
        throw new Error(`the stream ended after ${this.#bytes} of ${count} bytes`)
      }
    }
    this.#wanted = 0
    return this.#cut(count)
  }

  /** Whatever is there, at least one byte; undefined at the end. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#wanted = 1
    while (this.#bytes === 0) if (!(await this.#more(signal))) return undefined
    this.#wanted = 0
    return this.#cut(this.#chunks[0]?.length ?? 0)
  }

  #receive(event: StreamMessageEvent): void {
    const data = event.data.subarray()
    // Not a Buffer, whose methods differ.
    const chunk = new Uint8Array(data.buffer, data.byteOffset, data.length)
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    // A pause while libp2p hands over what it kept back would be undone by the end of its resume (utils 7.4.1): the other side would
    // go on sending until the read buffer overflows and the stream is reset.
    if (!this.#isResuming) this.#pauseWhenFull()
    this.#wake?.()
  }

  #pauseWhenFull(): void {
    const isFull = this.#bytes >= Math.max(streamReadAheadBytes, this.#wanted)
    if (isFull && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #resume(): void {
    this.#isResuming = true
    try {
      this.#stream.resume()
    } finally {
      this.#isResuming = false
    }
    this.#pauseWhenFull()
  }

  /** Waits for more bytes. False when no more will come. */
  async #more(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const before = this.#bytes
    // Resuming hands over what the stream itself has kept back.
    if (this.#stream.readStatus === 'paused') this.#resume()
    if (this.#bytes > before) return true
    const { status, remoteWriteStatus, readBufferLength } = this.#stream
    if (status === 'aborted' || status === 'reset') throw new Error('the stream was reset')
    if (readBufferLength === 0 && (remoteWriteStatus !== 'writable' || status === 'closed')) return false
    await new Promise<void>((resolve, reject) => {
      const abort = () => settle(() => reject(signal.reason))
      const settle = (how: () => void) => {
        this.#wake = undefined
        signal.removeEventListener('abort', abort)
        how()
      }
      this.#wake = () => settle(resolve)
      signal.addEventListener('abort', abort, { once: true })
    })
    return true
  }

  #cut(count: number): Uint8Array {
    const first = this.#chunks[0]
    this.#bytes -= count
    if (first !== undefined && first.length === count) {
      this.#chunks.shift()
      return first
    }
    const result = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      const chunk = this.#chunks[0] as Uint8Array
      const part = chunk.subarray(0, count - filled)
      result.set(part, filled)
      filled += part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
    return result
  }
}
