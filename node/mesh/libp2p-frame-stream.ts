import type { Stream } from '@libp2p/interface'
import { MigError, messageOf } from '../core/error.ts'
import { streamCloseLimitMs } from '../core/limits.ts'
import type { FrameStream } from './mesh.ts'
import { PacedReader } from './paced-reader.ts'

/** Frames over a libp2p stream: an unsigned varint with the length, then the bytes.
 *  @see https://github.com/multiformats/unsigned-varint */
export class Libp2pFrameStream implements FrameStream {
  readonly #stream: Stream
  readonly #reader: PacedReader

  constructor(stream: Stream) {
    this.#stream = stream
    this.#reader = new PacedReader(stream)
  }

  /** What comes behind the frames that were read, where a stream goes on without frames. */
  get reader(): PacedReader {
    return this.#reader
  }

  /** @param options.room awaited with the announced length before any of it is read */
  async read(options: {
    readonly signal: AbortSignal
    readonly maxBytes: number
    readonly room?: (bytes: number) => Promise<void>
  }): Promise<Uint8Array | undefined> {
    const { signal, maxBytes, room } = options
    try {
      const length = await this.#readLength(signal)
      if (length === undefined) return undefined
      if (length > maxBytes)
        throw new MigError('too-large', `frame of ${length} bytes, at most ${maxBytes} are allowed`)
      await room?.(length)
      if (length === 0) return new Uint8Array(0)
      const frame = await this.#reader.take(length, signal)
      if (frame === undefined) throw new Error('the stream ended inside a frame')
      return frame
    } catch (error) {
      const failure = asMigError(error, signal)
      // What follows an unread frame cannot be read as frames.
      if (failure.code === 'too-large') this.abort(failure.message)
      throw failure
    }
  }

  async write(frame: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void> {
    const { signal } = options
    try {
      signal.throwIfAborted()
      const header = encodeLength(frame.length)
      const bytes = new Uint8Array(header.length + frame.length)
      bytes.set(header)
      bytes.set(frame, header.length)
      if (!this.#stream.send(bytes)) await drained(this.#stream, signal)
    } catch (error) {
      throw asMigError(error, signal)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(streamCloseLimitMs) })
    } catch (error) {
      // It is closed or its reader hangs: either way nothing more gets through.
      this.abort(messageOf(error))
    }
  }

  abort(reason: string): void {
    this.#stream.abort(new Error(reason))
  }

  async #readLength(signal: AbortSignal): Promise<number | undefined> {
    let length = 0
    // Four groups of seven bits: up to 256 MiB, more than any bound of ours.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = (await this.#reader.take(1, signal))?.[0]
      if (byte === undefined) {
        if (shift === 0) return undefined
        throw new Error('the stream ended inside a length')
      }
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) return length
    }
    throw new MigError('too-large', 'the length of a frame has more than four bytes')
  }
}

function encodeLength(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** Waits until the stream takes more. libp2p's `onDrain` waits only the first time (utils 7.4.1). */
export function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
      how()
    }
    const onDrain = () => settle(resolve)
    const onClose = () => settle(() => reject(new Error('the stream was closed')))
    const onAbort = () => settle(() => reject(signal.reason))
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    signal.addEventListener('abort', onAbort)
  })
}

/** A signal that carries a MigError says itself what happened. */
function asMigError(error: unknown, signal: AbortSignal): MigError {
  if (error instanceof MigError) return error
  if (signal.aborted)
    return new MigError('timeout', 'the other side did not answer in time', { cause: error })
  return new MigError('not-reachable', messageOf(error), { cause: error })
}
