import type { HeldMemory } from './archive-budget.ts'
import { ArchiveError, corrupt } from './archive-error.ts'
import { SlidingWindow } from './sliding-window.ts'
import { type ByteStream, StreamReader } from './stream-reader.ts'
import { Xxh64 } from './xxh64.ts'
import { BlockDecoder, maxBlockBytes } from './zstd-block.ts'

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const minWindowBytes = 1024
const checksumBytes = 4

/** Decodes zstd (RFC 8878), several frames too.
 *  @throws ArchiveError `corrupt-data`, `too-large` for a window beyond what may be held, `not-supported-here` for a dictionary;
 *  what the input throws */
export async function* unzstd(input: ByteStream, memory: HeldMemory): AsyncGenerator<Buffer, void> {
  const reader = new StreamReader(input)
  try {
    while (await reader.fill(1)) {
      const magic = (await reader.take(4)).readUInt32LE(0)
      if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
        await reader.skip((await reader.take(4)).readUInt32LE(0))
        continue
      }
      if (magic !== frameMagic) throw corrupt()
      yield* oneFrame(reader, memory)
      memory.free()
    }
  } finally {
    await reader.close()
  }
}

async function* oneFrame(reader: StreamReader, memory: HeldMemory): AsyncGenerator<Buffer, void> {
  const { windowBytes, hasChecksum } = await readHeader(reader)
  const window = new SlidingWindow(Math.max(minWindowBytes, windowBytes), memory)
  const decoder = new BlockDecoder(window)
  const sum = hasChecksum ? new Xxh64() : undefined
  for (let isLast = false; !isLast; ) {
    await reader.need(3)
    const header = reader.bytes.readUIntLE(reader.at, 3)
    reader.at += 3
    isLast = (header & 1) !== 0
    const type = (header >> 1) & 3
    const sizeBytes = header >> 3
    if (sizeBytes > maxBlockBytes || type === 3) throw corrupt()
    const packedBytes = type === 1 ? 1 : sizeBytes
    await reader.need(packedBytes)
    const { at, bytes } = reader
    let given = sizeBytes
    if (type === 2) given = decoder.decode(bytes, at, at + packedBytes)
    else {
      window.reserve(sizeBytes)
      if (type === 1) window.bytes.fill(bytes[at] as number, window.end, window.end + sizeBytes)
      else bytes.copy(window.bytes, window.end, at, at + sizeBytes)
      window.end += sizeBytes
    }
    reader.at += packedBytes
    if (given === 0) continue
    const piece = window.last(given)
    sum?.update(piece)
    yield piece
  }
  if (sum !== undefined && sum.digest() !== (await reader.take(checksumBytes)).readUInt32LE(0))
    throw corrupt()
}

async function readHeader(
  reader: StreamReader,
): Promise<{ readonly windowBytes: number; readonly hasChecksum: boolean }> {
  const flags = (await reader.take(1))[0] as number
  if ((flags & 8) !== 0) throw corrupt()
  const isSingle = (flags & 0x20) !== 0
  const windowByte = isSingle ? 0 : ((await reader.take(1))[0] as number)
  const dictionary = await reader.take([0, 1, 2, 4][flags & 3] as number)
  if (dictionary.some((byte) => byte !== 0)) throw new ArchiveError('not-supported-here')
  const form = flags >> 6
  const size = await reader.take(form === 0 ? (isSingle ? 1 : 0) : 2 ** form)
  const hasChecksum = (flags & 4) !== 0
  if (!isSingle) {
    const base = 2 ** (10 + (windowByte >> 3))
    return { windowBytes: base + (base / 8) * (windowByte & 7), hasChecksum }
  }
  const padded = Buffer.alloc(8)
  size.copy(padded)
  return { windowBytes: Number(padded.readBigUInt64LE()) + (form === 1 ? 256 : 0), hasChecksum }
}
