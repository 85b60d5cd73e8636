import type { HeldMemory } from './archive-budget.ts'
import { corrupt } from './archive-error.ts'
import { BitReader } from './bzip2-bits.ts'
import { decodeBlock } from './bzip2-block.ts'
import { type ByteStream, StreamReader } from './stream-reader.ts'

const blockMagic = 0x314159265359
const endMagic = 0x177245385090
/** No code is longer than 20 bits; tables and selectors take less than 64 KiB. */
const packedBytesPerByte = 2.5
const tablesBytes = 64 * 1024

/** Decodes bzip2, several streams too.
 *  @throws ArchiveError `corrupt-data`; what the input throws */
export async function* bunzip2(input: ByteStream, memory: HeldMemory): AsyncGenerator<Buffer, void> {
  const reader = new StreamReader(input)
  // One for all streams: there may be one for every few bytes.
  const links = new Links()
  try {
    let isFirst = true
    while (await reader.fill(4)) {
      const level = levelOf(reader)
      // What follows the last stream and is none is no part of it, as in bzip2(1).
      if (level === undefined && !isFirst) return
      if (level === undefined) throw corrupt()
      isFirst = false
      yield* oneStream(reader, level, memory, links)
    }
    if (isFirst) throw corrupt()
  } finally {
    await reader.close()
  }
}

async function* oneStream(
  reader: StreamReader,
  level: number,
  memory: HeldMemory,
  held: Links,
): AsyncGenerator<Buffer, void> {
  const blockBytes = level * 100_000
  const packedBytes = Math.ceil(blockBytes * packedBytesPerByte) + tablesBytes
  memory.grow(4 * blockBytes + 2 * packedBytes)
  const links = held.of(blockBytes)
  reader.at += 4
  let bits = 0
  let sum = 0
  for (;;) {
    // A whole block at a time, so that nothing waits in its midst.
    await reader.fill(packedBytes)
    const from = new BitReader(reader.bytes, reader.at, reader.end, bits)
    const magic = from.take(24) * 0x1000000 + from.take(24)
    const expected = from.take(24) * 0x100 + from.take(8)
    if (magic === endMagic) {
      if (expected !== sum) throw corrupt()
      reader.at = from.byteAfter
      return
    }
    if (magic !== blockMagic) throw corrupt()
    const block = decodeBlock(from, links)
    reader.at = from.wholeBytes
    bits = from.bitsOfByte
    for (const piece of block.pieces()) yield piece
    if (block.sum !== expected) throw corrupt()
    sum = (((sum << 1) | (sum >>> 31)) ^ expected) >>> 0
  }
}

class Links {
  #links = new Uint32Array(0)

  of(count: number): Uint32Array {
    if (this.#links.length < count) this.#links = new Uint32Array(count)
    return this.#links.subarray(0, count)
  }
}

function levelOf({ bytes, at }: StreamReader): number | undefined {
  const level = (bytes[at + 3] as number) - 0x30
  return bytes.toString('latin1', at, at + 3) === 'BZh' && level >= 1 && level <= 9 ? level : undefined
}
