import { decodedBytesBeforeRatio, maxDecodedBytes, maxDecodedRatio } from '../../node/core/limits.ts'
import { ArchiveError } from '../archive/archive-error.ts'
import { gunzip as decode } from '../archive/zlib-stream.ts'

/** The stream is no (whole) gzip stream, or becomes too large. */
export class GunzipError extends Error {
  readonly code: 'corrupt-data' | 'too-large'
  constructor(code: 'corrupt-data' | 'too-large') {
    super(code)
    this.name = 'GunzipError'
    this.code = code
  }
}

export interface GunzipLimits {
  readonly maxBytes: number
  readonly maxRatio: number
  readonly bytesBeforeRatio: number
}

const standardLimits: GunzipLimits = {
  maxBytes: maxDecodedBytes,
  maxRatio: maxDecodedRatio,
  bytesBeforeRatio: decodedBytesBeforeRatio,
}

export function isGzip(start: Uint8Array): boolean {
  return start.length >= 2 && start[0] === 0x1f && start[1] === 0x8b
}

/** Decodes gzip (RFC 1952), several members too. Stops reading when the caller stops.
 *  @throws GunzipError; what `chunks` throws */
export async function* gunzip(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  limits: GunzipLimits = standardLimits,
): AsyncGenerator<Buffer> {
  let taken = 0
  let given = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      taken += chunk.length
      yield chunk
    }
  }
  try {
    for await (const chunk of decode(counted())) {
      given += chunk.length
      const isBomb = given > limits.bytesBeforeRatio && given > taken * limits.maxRatio
      if (isBomb || given > limits.maxBytes) throw new GunzipError('too-large')
      yield chunk
    }
  } catch (error) {
    throw error instanceof ArchiveError ? new GunzipError('corrupt-data') : error
  }
}
