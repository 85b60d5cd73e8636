import { corrupt } from './archive-error.ts'
import { BackwardBits } from './zstd-bits.ts'
import { readFseTable } from './zstd-fse.ts'

const maxBits = 11

/** A Huffman code of literals, by the next `bits` bits: which symbol, and how many of the bits it takes. */
export interface HuffmanTable {
  readonly bits: number
  readonly symbols: Uint8Array
  readonly lengths: Uint8Array
}

/** Reads the description of a code (RFC 8878, 4.2.1).
 *  @throws ArchiveError `corrupt-data` */
export function readHuffmanTable(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly table: HuffmanTable; readonly at: number } {
  if (at >= end) throw corrupt()
  const header = bytes[at] as number
  if (header < 128) {
    const after = at + 1 + header
    if (after > end) throw corrupt()
    return { table: tableOf(packedWeights(bytes, at + 1, after)), at: after }
  }
  const count = header - 127
  const after = at + 1 + ((count + 1) >> 1)
  if (after > end) throw corrupt()
  const weights = Array.from({ length: count }, (_, k) => {
    const pair = bytes[at + 1 + (k >> 1)] as number
    return k % 2 === 0 ? pair >> 4 : pair & 15
  })
  return { table: tableOf(weights), at: after }
}

function packedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, at } = readFseTable(bytes, start, end, 6, 255)
  const from = new BackwardBits(bytes, at, end)
  const states = [from.take(table.log), from.take(table.log)]
  if (from.left < 0) throw corrupt()
  const weights: number[] = []
  // Two states take turns. When the bits of one are used up, the other still gives its symbol.
  for (let turn = 0; weights.length < 255; turn = 1 - turn) {
    const state = states[turn] as number
    weights.push(table.symbols[state] as number)
    const count = table.bits[state] as number
    if (from.left < count) {
      weights.push(table.symbols[states[1 - turn] as number] as number)
      return weights
    }
    states[turn] = (table.bases[state] as number) + from.take(count)
  }
  throw corrupt()
}

/** The weight of the last symbol follows from the others. */
function tableOf(weights: number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > maxBits) throw corrupt()
    if (weight > 0) sum += 1 << (weight - 1)
  }
  if (sum === 0 || weights.length > 255) throw corrupt()
  const bits = 32 - Math.clz32(sum)
  const rest = (1 << bits) - sum
  if (bits > maxBits || (rest & (rest - 1)) !== 0) throw corrupt()
  weights.push(32 - Math.clz32(rest))
  const symbols = new Uint8Array(1 << bits)
  const lengths = new Uint8Array(1 << bits)
  let place = 0
  for (let weight = 1; weight <= bits; weight++) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue
      const width = 1 << (weight - 1)
      symbols.fill(symbol, place, place + width)
      lengths.fill(bits + 1 - weight, place, place + width)
      place += width
    }
  }
  return { bits, symbols, lengths }
}

/** Decodes one stream into all of `literals` between `from` and `to`.
 *  @throws ArchiveError `corrupt-data` unless the stream gives exactly that */
export function decodeHuffman(
  { bits, symbols, lengths }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  literals: Uint8Array,
  from: number,
  to: number,
): void {
  const stream = new BackwardBits(bytes, start, end)
  for (let at = from; at < to; at++) {
    const code = stream.peek(bits)
    literals[at] = symbols[code] as number
    stream.left -= lengths[code] as number
  }
  if (stream.left !== 0) throw corrupt()
}
