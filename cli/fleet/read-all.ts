import type { Readable } from 'node:stream'
import { concat } from '../../node/core/bytes.ts'
import { MigError } from '../../node/core/error.ts'

/** Everything that a stream holds.
 *  @throws MigError `too-large` */
export async function readAll(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = new Uint8Array(Buffer.from(chunk))
    size += bytes.length
    if (size > maxBytes) throw new MigError('too-large', `more than ${maxBytes} bytes on standard input`)
    chunks.push(bytes)
  }
  return concat(chunks)
}
