import type { Readable, Writable } from 'node:stream'
import { MigError } from '../core/error.ts'
import { maxGateFrameBytes } from '../core/limits.ts'

/** JSON messages over a pipe or a local socket: four bytes of length (big-endian), then UTF-8. */
export interface FramePort {
  send(message: unknown): void
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
  let ended = false
  const end = (error?: Error) => {
    if (ended) return
    ended = true
    onEnd(error)
  }

  function take(): void {
    while (!ended && length >= 4) {
      const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
      chunks = [all]
      const size = all.readUInt32BE(0)
      if (size > maxGateFrameBytes) {
        input.destroy()
        return end(
          new MigError('too-large', `a message of ${size} bytes, at most ${maxGateFrameBytes} are allowed`),
        )
      }
      if (length < 4 + size) return
      const body = all.subarray(4, 4 + size)
      const rest = all.subarray(4 + size)
      chunks = rest.length > 0 ? [rest] : []
      length = rest.length
      let message: unknown
      try {
        message = JSON.parse(body.toString('utf8'))
      } catch (cause) {
        input.destroy()
        return end(new MigError('bad-json', 'a message is not JSON', { cause }))
      }
      onMessage(message)
    }
  }

  input.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    take()
  })
  input.once('end', () => end())
  input.once('close', () => end())
  input.once('error', (error) => end(error))
  output.once('error', (error) => end(error))

  return {
    send(message) {
      if (ended) return
      const body = Buffer.from(JSON.stringify(message), 'utf8')
      if (body.length > maxGateFrameBytes)
        throw new MigError(
          'too-large',
          `a message of ${body.length} bytes, at most ${maxGateFrameBytes} are allowed`,
        )
      const head = Buffer.alloc(4)
      head.writeUInt32BE(body.length)
      output.write(Buffer.concat([head, body]))
    },
    close() {
      end()
      output.end()
    },
  }
}
