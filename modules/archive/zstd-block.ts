import { corrupt } from './archive-error.ts'
import type { SlidingWindow } from './sliding-window.ts'
import { BackwardBits } from './zstd-bits.ts'
import { type FseTable, fseOfOne, fseTable, readFseTable } from './zstd-fse.ts'
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './zstd-huffman.ts'

export const maxBlockBytes = 128 * 1024

// RFC 8878, 3.1.1.3.2.2: what stands by default, and what codes stand for.
const literalsDefault = '4 3 2 2 2 2 2 2 2 2 2 2 2 1 1 1 2 2 2 2 2 2 2 2 2 3 2 1 1 1 1 1 -1 -1 -1 -1'
const matchesDefault =
  '1 4 3 2 2 2 2 2 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 -1 -1 -1 -1 -1 -1 -1'
const offsetsDefault = '1 1 1 1 1 1 2 2 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 -1 -1 -1 -1 -1'
const literalBits = [
  ...Array<number>(16).fill(0),
  ...numbersOf('1 1 1 1 2 2 3 3 4 6 7 8 9 10 11 12 13 14 15 16'),
]
const matchBits = [
  ...Array<number>(32).fill(0),
  ...numbersOf('1 1 1 1 2 2 3 3 4 4 5 7 8 9 10 11 12 13 14 15 16'),
]
const literalBases = basesOf(literalBits, 0)
const matchBases = basesOf(matchBits, 3)

interface Kind {
  readonly maxLog: number
  readonly maxSymbol: number
  readonly standard: FseTable
}
const kinds = {
  literals: { maxLog: 9, maxSymbol: 35, standard: fseTable(numbersOf(literalsDefault), 6) },
  offsets: { maxLog: 8, maxSymbol: 31, standard: fseTable(numbersOf(offsetsDefault), 5) },
  matches: { maxLog: 9, maxSymbol: 52, standard: fseTable(numbersOf(matchesDefault), 6) },
} as const satisfies Readonly<Record<string, Kind>>

function numbersOf(text: string): readonly number[] {
  return text.split(' ').map(Number)
}

function basesOf(bits: readonly number[], first: number): readonly number[] {
  let base = first
  return bits.map((count) => {
    const own = base
    base += 2 ** count
    return own
  })
}

/** What blocks of one frame hand on to the next. */
export class BlockDecoder {
  readonly #window: SlidingWindow
  readonly #literals = new Uint8Array(maxBlockBytes)
  #literalCount = 0
  #huffman: HuffmanTable | undefined
  readonly #tables: Partial<Record<keyof typeof kinds, FseTable>> = {}
  #offset1 = 1
  #offset2 = 4
  #offset3 = 8

  constructor(window: SlidingWindow) {
    this.#window = window
  }

  /** Decodes a compressed block from `at` to `end`.
   *  @returns how many bytes came of it
   *  @throws ArchiveError `corrupt-data`, `too-large` */
  decode(bytes: Buffer, at: number, end: number): number {
    const sequencesAt = this.#readLiterals(bytes, at, end)
    this.#window.reserve(maxBlockBytes)
    const before = this.#window.end
    this.#sequences(bytes, sequencesAt, end, before + maxBlockBytes)
    return this.#window.end - before
  }

  /** @returns where the sequences begin */
  #readLiterals(bytes: Buffer, start: number, end: number): number {
    if (end - start < 5) {
      // The short forms may stand right before the end.
      const padded = Buffer.alloc(5)
      bytes.copy(padded, 0, start, end)
      return this.#literalsOf(bytes, start, end, padded.readUIntLE(0, 5))
    }
    return this.#literalsOf(bytes, start, end, bytes.readUIntLE(start, 5))
  }

  #literalsOf(bytes: Buffer, start: number, end: number, header: number): number {
    const type = header & 3
    const form = (header >> 2) & 3
    if (type < 2) {
      const headerBytes = form === 1 ? 2 : form === 3 ? 3 : 1
      const count = (header % 2 ** (8 * headerBytes)) >> (headerBytes === 1 ? 3 : 4)
      return this.#plainLiterals(bytes, start + headerBytes, end, count, type === 1)
    }
    const sizeBits = form < 2 ? 10 : form === 2 ? 14 : 18
    const count = Math.floor(header / 16) % 2 ** sizeBits
    const packed = Math.floor(header / 2 ** (4 + sizeBits)) % 2 ** sizeBits
    let at = start + (4 + 2 * sizeBits) / 8
    const after = at + packed
    if (count > maxBlockBytes || after > end) throw corrupt()
    if (type === 2) {
      const read = readHuffmanTable(bytes, at, after)
      this.#huffman = read.table
      at = read.at
    }
    const table = this.#huffman
    if (table === undefined) throw corrupt()
    if (form === 0) decodeHuffman(table, bytes, at, after, this.#literals, 0, count)
    else this.#fourStreams(table, bytes, at, after, count)
    this.#literalCount = count
    return after
  }

  #plainLiterals(bytes: Buffer, at: number, end: number, count: number, isRun: boolean): number {
    const after = at + (isRun ? 1 : count)
    if (count > maxBlockBytes || after > end) throw corrupt()
    if (isRun) this.#literals.fill(bytes[at] as number, 0, count)
    else this.#literals.set(bytes.subarray(at, after))
    this.#literalCount = count
    return after
  }

  #fourStreams(table: HuffmanTable, bytes: Buffer, start: number, end: number, count: number): void {
    if (end - start < 6) throw corrupt()
    const each = (count + 3) >> 2
    let at = start + 6
    for (let k = 0; k < 4; k++) {
      const next = k === 3 ? end : at + bytes.readUInt16LE(start + 2 * k)
      if (next > end || each * 3 > count) throw corrupt()
      decodeHuffman(table, bytes, at, next, this.#literals, k * each, k === 3 ? count : (k + 1) * each)
      at = next
    }
  }

  #sequences(bytes: Buffer, start: number, end: number, most: number): void {
    if (start >= end) throw corrupt()
    let at = start
    let count = bytes[at++] as number
    if (count >= 128 && at + (count === 255 ? 2 : 1) > end) throw corrupt()
    if (count === 255) {
      count = bytes.readUInt16LE(at) + 0x7f00
      at += 2
    } else if (count >= 128) count = ((count - 128) << 8) + (bytes[at++] as number)
    if (count === 0) {
      if (at !== end) throw corrupt()
      this.#give(0, this.#literalCount, most)
      return
    }
    if (at >= end) throw corrupt()
    const modes = bytes[at++] as number
    if ((modes & 3) !== 0) throw corrupt()
    at = this.#readTable('literals', modes >> 6, bytes, at, end)
    at = this.#readTable('offsets', (modes >> 4) & 3, bytes, at, end)
    at = this.#readTable('matches', (modes >> 2) & 3, bytes, at, end)
    this.#copy(new BackwardBits(bytes, at, end), count, most)
  }

  #readTable(kind: keyof typeof kinds, mode: number, bytes: Buffer, at: number, end: number): number {
    const { maxLog, maxSymbol, standard } = kinds[kind]
    if (mode === 0) this.#tables[kind] = standard
    else if (mode === 1) {
      const symbol = bytes[at] as number
      if (at >= end || symbol > maxSymbol) throw corrupt()
      this.#tables[kind] = fseOfOne(symbol)
      return at + 1
    } else if (mode === 2) {
      const read = readFseTable(bytes, at, end, maxLog, maxSymbol)
      this.#tables[kind] = read.table
      return read.at
    } else if (this.#tables[kind] === undefined) throw corrupt()
    return at
  }

  #copy(from: BackwardBits, count: number, most: number): void {
    const { literals, offsets, matches } = this.#tables
    if (literals === undefined || offsets === undefined || matches === undefined) throw corrupt()
    const window = this.#window
    let literalState = from.take(literals.log)
    let offsetState = from.take(offsets.log)
    let matchState = from.take(matches.log)
    let given = 0
    for (let left = count; left > 0; left--) {
      const offsetCode = offsets.symbols[offsetState] as number
      const matchCode = matches.symbols[matchState] as number
      const literalCode = literals.symbols[literalState] as number
      const offset = 2 ** offsetCode + from.takeLong(offsetCode)
      const length = (matchBases[matchCode] as number) + from.take(matchBits[matchCode] as number)
      const plain = (literalBases[literalCode] as number) + from.take(literalBits[literalCode] as number)
      if (left > 1) {
        literalState =
          (literals.bases[literalState] as number) + from.take(literals.bits[literalState] as number)
        matchState = (matches.bases[matchState] as number) + from.take(matches.bits[matchState] as number)
        offsetState = (offsets.bases[offsetState] as number) + from.take(offsets.bits[offsetState] as number)
      }
      if (from.left < 0) throw corrupt()
      given = this.#give(given, plain, most)
      if (window.end + length > most) throw corrupt()
      window.repeat(this.#offsetOf(offset, plain), length)
    }
    if (from.left !== 0) throw corrupt()
    this.#give(given, this.#literalCount - given, most)
  }

  /** Puts literals in the window. @returns how many are put by now */
  #give(given: number, count: number, most: number): number {
    const window = this.#window
    if (given + count > this.#literalCount || window.end + count > most) throw corrupt()
    const literals = this.#literals
    if (count > 32) window.bytes.set(literals.subarray(given, given + count), window.end)
    else for (let k = 0; k < count; k++) window.bytes[window.end + k] = literals[given + k] as number
    window.end += count
    return given + count
  }

  /** Values up to 3 mean one of the last three offsets; without literals, the next of them (RFC 8878, 3.1.1.5). */
  #offsetOf(value: number, literalsBefore: number): number {
    if (value > 3) {
      this.#offset3 = this.#offset2
      this.#offset2 = this.#offset1
      this.#offset1 = value - 3
      return this.#offset1
    }
    const which = literalsBefore === 0 ? value + 1 : value
    if (which === 1) return this.#offset1
    const offset = which === 2 ? this.#offset2 : which === 3 ? this.#offset3 : this.#offset1 - 1
    if (which > 2) this.#offset3 = this.#offset2
    this.#offset2 = this.#offset1
    this.#offset1 = offset
    return offset
  }
}
