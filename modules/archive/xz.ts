import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { HeldMemory } from './archive-budget.ts'
import { ArchiveError, corrupt } from './archive-error.ts'
import { Crc64 } from './crc64.ts'
import { LzmaDecoder } from './lzma-decoder.ts'
import { SlidingWindow } from './sliding-window.ts'
import { type ByteStream, StreamReader } from './stream-reader.ts'

// https://tukaani.org/xz/xz-file-format.txt
const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])
const headerBytes = 12
const lzma2 = 0x21
const maxPackedChunkBytes = 65_536 + 6
/** Bytes of the check by its number. */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const

/** Decodes xz, several streams too. Filters beside LZMA2 are not known.
 *  @throws ArchiveError; what the input throws */
export async function* unxz(input: ByteStream, memory: HeldMemory): AsyncGenerator<Buffer, void> {
  const reader = new StreamReader(input)
  try {
    for (let isFirst = true; await reader.fill(isFirst ? 0 : 4); isFirst = false) {
      // Streams are padded with zeros, four at a time.
      if (!isFirst && reader.bytes.readUInt32LE(reader.at) === 0) {
        reader.at += 4
        continue
      }
      yield* oneStream(reader, memory)
    }
  } finally {
    await reader.close()
  }
}

async function* oneStream(reader: StreamReader, memory: HeldMemory): AsyncGenerator<Buffer, void> {
  const header = await reader.take(headerBytes)
  if (!header.subarray(0, 6).equals(magic) || header[6] !== 0) throw corrupt()
  if (header.readUInt32LE(8) !== crc32(header.subarray(6, 8))) throw corrupt()
  const check = (header[7] as number) & 15
  for (;;) {
    await reader.need(1)
    if (reader.bytes[reader.at] === 0) break
    yield* oneBlock(reader, check, memory)
  }
  await skipIndex(reader)
  const footer = await reader.take(headerBytes)
  if (footer.toString('latin1', 10) !== 'YZ' || footer.readUInt32LE(0) !== crc32(footer.subarray(4, 10))) {
    throw corrupt()
  }
}

async function* oneBlock(
  reader: StreamReader,
  check: number,
  memory: HeldMemory,
): AsyncGenerator<Buffer, void> {
  await reader.need(1)
  const header = await reader.take(((reader.bytes[reader.at] as number) + 1) * 4)
  const decoder = decoderOf(header, memory)
  const sum = checkOf(check)
  let packed = 0
  for (;;) {
    await reader.fill(maxPackedChunkBytes)
    const { taken, given } = decodeChunk(reader, decoder)
    packed += taken
    if (given === 0) break
    const bytes = decoder.window.last(given)
    sum?.update(bytes)
    yield bytes
  }
  await reader.skip((4 - (packed % 4)) % 4)
  const expected = await reader.take(checkBytes[check] as number)
  if (sum !== undefined && !sum.digest().equals(expected)) throw corrupt()
}

interface BlockDecoder {
  readonly window: SlidingWindow
  readonly lzma: LzmaDecoder
  needs: 'dictionary' | 'properties' | 'nothing'
}

function decoderOf(header: Buffer, memory: HeldMemory): BlockDecoder {
  const end = header.length - 4
  if (header.readUInt32LE(end) !== crc32(header.subarray(0, end))) throw corrupt()
  const flags = header[1] as number
  let at = 2
  // Sizes that a block may promise; what comes is counted anyway.
  for (const flag of [0x40, 0x80]) if ((flags & flag) !== 0) at = varint(header, at)
  if ((flags & 3) !== 0 || header[at] !== lzma2) throw new ArchiveError('not-supported-here')
  const bits = header[at + 2] as number
  if (header[at + 1] !== 1 || bits > 40) throw corrupt()
  const windowBytes = bits === 40 ? 0xffffffff : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11)
  const window = new SlidingWindow(windowBytes, memory)
  return { window, lzma: new LzmaDecoder(window), needs: 'dictionary' }
}

function decodeChunk(reader: StreamReader, decoder: BlockDecoder): { taken: number; given: number } {
  const { bytes, at, end } = reader
  const need = (count: number) => {
    if (end - at < count) throw corrupt()
  }
  need(1)
  const control = bytes[at] as number
  if (control === 0) {
    reader.at += 1
    return { taken: 1, given: 0 }
  }
  const { lzma, window } = decoder
  if (control === 1 || control >= 0xe0) {
    lzma.resetDictionary()
    if (decoder.needs === 'dictionary') decoder.needs = 'properties'
  } else if (decoder.needs === 'dictionary') throw corrupt()
  need(3)
  if (control < 0x80) {
    if (control > 2) throw corrupt()
    const count = bytes.readUInt16BE(at + 1) + 1
    need(3 + count)
    window.reserve(count)
    lzma.copy(bytes.subarray(at + 3, at + 3 + count))
    reader.at += 3 + count
    return { taken: 3 + count, given: count }
  }
  need(5)
  const given = ((control & 0x1f) << 16) + bytes.readUInt16BE(at + 1) + 1
  const packed = bytes.readUInt16BE(at + 3) + 1
  let start = 5
  if (control >= 0xc0) {
    need(6)
    lzma.setProperties(bytes[at + 5] as number)
    start = 6
  } else if (decoder.needs === 'properties') throw corrupt()
  if (control >= 0xa0) lzma.resetState()
  else if (decoder.needs !== 'nothing') throw corrupt()
  decoder.needs = 'nothing'
  need(start + packed)
  window.reserve(given)
  lzma.decode(bytes, at + start, at + start + packed, given)
  reader.at += start + packed
  return { taken: start + packed, given }
}

interface Check {
  update(bytes: Buffer): unknown
  digest(): Buffer
}

/** @returns what computes the check; undefined for none, and for those that nobody has defined yet */
function checkOf(check: number): Check | undefined {
  if (check === 1) {
    let sum = 0
    return {
      update: (bytes) => {
        sum = crc32(bytes, sum)
      },
      digest: () => littleEndian(sum),
    }
  }
  if (check === 4) return new Crc64()
  return check === 10 ? createHash('sha256') : undefined
}

function littleEndian(sum: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(sum)
  return bytes
}

/** The index says again what the blocks were. */
async function skipIndex(reader: StreamReader): Promise<void> {
  let taken = 1
  await reader.skip(1)
  const next = async (): Promise<number> => {
    let value = 0
    for (let shift = 0; shift < 63; shift += 7) {
      await reader.need(1)
      const byte = reader.bytes[reader.at] as number
      reader.at += 1
      taken += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw corrupt()
  }
  for (let left = 2 * (await next()); left > 0; left--) await next()
  await reader.skip((4 - (taken % 4)) % 4)
  await reader.skip(4)
}

function varint(bytes: Buffer, at: number): number {
  for (let k = 0; k < 9; k++) if ((bytes[at + k] ?? 0x80) < 0x80) return at + k + 1
  throw corrupt()
}
