import type { Readable, Writable } from 'node:stream'
import { MigError } from '../core/error.ts'
import { maxGateFrameBytes } from '../core/limits.ts'
import { parseHostileJson } from '../verification/hostile-json.ts'

const headBytes = 4

/** JSON messages over a pipe or a local socket: four bytes of length (big-endian), then UTF-8. */
export interface FramePort {
  /** @returns settles when the other side's pipe has taken it, or the line has ended */
  send(message: unknown): Promise<void>
  /** Reads no more until `resume`: the other side has to wait. */
  pause(): void
  resume(): void
  close(): void
}

/** @param onMessage gets what the other side sent, parsed but not judged
 *  @param onEnd is called once: the other side has ended, or has broken the framing */
export function openFramePort(
  input: Readable,
  output: Writable,
  onMessage: (message: unknown) => void,
  onEnd: (error?: Error) => void,
): FramePort {
  let chunks: Buffer[] = []
  let length = 0
  /** Joining what has come costs its length, so it is done only when a head or a whole message is there. */
  let needed = headBytes
  let paused = false
  let ended = false
  const end = (error?: Error) => {
    if (ended) return
    ended = true
    chunks = []
    input.destroy()
    output.end()
    onEnd(error)
  }

  function take(): void {
    while (!ended && !paused && length >= needed) {
      const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
      chunks = [all]
      const size = all.readUInt32BE(0)
      if (size > maxGateFrameBytes) {
        end(new MigError('too-large', `a message of ${size} bytes, at most ${maxGateFrameBytes} are allowed`))
        return
      }
      needed = headBytes + size
      if (length < needed) return
      const body = all.subarray(headBytes, needed)
      const rest = all.subarray(needed)
      chunks = rest.length > 0 ? [rest] : []
      length = rest.length
      needed = headBytes
      // Nesting is bounded before the parser runs, which is quadratic on it.
      const message = parseHostileJson(body)
      if (message === undefined) end(new MigError('bad-json', 'a message is not JSON'))
      else onMessage(message)
    }
  }

  input.on('data', (chunk: Buffer) => {
    if (ended) return
    chunks.push(chunk)
    length += chunk.length
    take()
  })
  input.once('end', () => end())
  input.once('close', () => end())
  input.on('error', (error) => end(error))
  output.on('error', (error) => end(error))

  return {
    async send(message) {
      if (ended) return
      const body = Buffer.from(JSON.stringify(message), 'utf8')
      if (body.length > maxGateFrameBytes)
        throw new MigError(
          'too-large',
          `a message of ${body.length} bytes, at most ${maxGateFrameBytes} are allowed`,
        )
      const head = Buffer.alloc(headBytes)
      head.writeUInt32BE(body.length)
      // A write that fails ends the line; that is told there.
      await new Promise<void>((resolve) => output.write(Buffer.concat([head, body]), () => resolve()))
    },
    pause() {
      paused = true
      input.pause()
    },
    resume() {
      if (!paused) return
      paused = false
      input.resume()
      take()
    },
    close: () => end(),
  }
}
