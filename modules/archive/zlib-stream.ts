import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflateRaw } from 'node:zlib'
import { codeOf } from '../../node/core/error.ts'
import { ArchiveError } from './archive-error.ts'
import type { ByteStream } from './stream-reader.ts'

const outputBytes = 64 * 1024

/** Decodes gzip (RFC 1952), several members too. Stops reading when the caller stops.
 *  @throws ArchiveError `corrupt-data`; what `chunks` throws */
export function gunzip(chunks: ByteStream): AsyncGenerator<Buffer> {
  return decode(createGunzip({ chunkSize: outputBytes }), chunks)
}

/** Decodes deflate without a header (RFC 1951). @throws like `gunzip` */
export function inflateRaw(chunks: ByteStream): AsyncGenerator<Buffer> {
  return decode(createInflateRaw({ chunkSize: outputBytes }), chunks)
}

async function* decode(
  decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createInflateRaw>,
  chunks: ByteStream,
): AsyncGenerator<Buffer> {
  const flow = pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 1 }), decoder)
  // The loop below sees the same failure; here it would only be unhandled.
  flow.catch(() => {})
  try {
    for await (const chunk of decoder) yield chunk
  } catch (error) {
    if (codeOf(error)?.startsWith('Z_') === true) throw new ArchiveError('corrupt-data')
    throw error
  } finally {
    decoder.destroy()
    await flow.catch(() => {})
  }
}
