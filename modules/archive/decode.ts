import { type ArchiveBudget, HeldMemory } from './archive-budget.ts'
import { bunzip2 } from './bunzip2.ts'
import type { ByteStream } from './stream-reader.ts'
import { unzstd } from './unzstd.ts'
import { unxz } from './xz.ts'
import { gunzip, inflateRaw } from './zlib-stream.ts'

/** Decodes one stream; what it holds beside its input and output is counted.
 *  @throws ArchiveError; what the input throws */
export type Decode = (input: ByteStream, memory: HeldMemory) => AsyncIterable<Buffer>

/** Compressed streams of one file. */
export type Compression = 'gzip' | 'bzip2' | 'xz' | 'zstd'

const decoders: Readonly<Record<Compression, Decode>> = {
  gzip: gunzip,
  bzip2: bunzip2,
  xz: unxz,
  zstd: unzstd,
}

/** Compression methods of zip by number (APPNOTE.TXT 4.4.5). Stored (0) is none. */
const zipMethods: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [8, inflateRaw],
  [12, bunzip2],
  [93, unzstd],
  [95, unxz],
])

/** Decodes a stream within the bounds of one entry and of the whole. */
export function decompress(
  compression: Compression,
  input: ByteStream,
  budget: ArchiveBudget,
): AsyncGenerator<Buffer, void> {
  return decode(decoders[compression], input, budget)
}

/** @returns undefined for a method that is not known here */
export function zipMethod(
  method: number,
): ((input: ByteStream, budget: ArchiveBudget) => AsyncGenerator<Buffer, void>) | undefined {
  const decoder = zipMethods.get(method)
  return decoder && ((input, budget) => decode(decoder, input, budget))
}

/** Gives on what comes, within the bounds. @param taken bytes that it was decoded from so far */
export async function* metered(
  stream: ByteStream,
  budget: ArchiveBudget,
  taken: () => number,
): AsyncGenerator<Buffer, void> {
  let given = 0
  for await (const piece of stream) {
    given += piece.length
    budget.takeBytes(piece.length, given, taken())
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.length)
  }
}

async function* decode(
  decoder: Decode,
  input: ByteStream,
  budget: ArchiveBudget,
): AsyncGenerator<Buffer, void> {
  let taken = 0
  async function* counted(): AsyncGenerator<Uint8Array, void> {
    for await (const piece of input) {
      taken += piece.length
      yield piece
    }
  }
  const memory = new HeldMemory(budget)
  try {
    yield* metered(decoder(counted(), memory), budget, () => taken)
  } finally {
    memory.free()
  }
}
