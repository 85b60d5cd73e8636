import { corrupt } from './archive-error.ts'
import type { BitReader } from './bzip2-bits.ts'

const groupSize = 50
const maxCodeBits = 20
const pieceBytes = 64 * 1024
const sums = sumTable()

export interface Bzip2Block {
  /** To be taken once. */
  pieces(): Generator<Buffer, void>
  /** CRC of what was given so far. */
  readonly sum: number
}

/** Reads a block behind its magic and its sum. @param links memory for as many entries as a block has bytes at most
 *  @throws ArchiveError `corrupt-data` */
export function decodeBlock(from: BitReader, links: Uint32Array): Bzip2Block {
  // Randomised blocks are of versions before 0.9.5 (1999).
  if (from.take(1) !== 0) throw corrupt()
  const origin = from.take(24)
  const symbols = usedBytes(from)
  const groups = from.take(3)
  const selectorCount = from.take(15)
  if (groups < 2 || groups > 6 || selectorCount === 0) throw corrupt()
  const selectors = selectorsOf(from, groups, selectorCount)
  const codes = Array.from({ length: groups }, () => codeOf(from, symbols.length + 2))
  const sizeBytes = moveToFront(from, symbols, selectors, codes, links)
  if (origin >= sizeBytes) throw corrupt()
  linkUp(links, sizeBytes)
  return new Unsorted(links, sizeBytes, origin)
}

function usedBytes(from: BitReader): number[] {
  const rows = from.take(16)
  const used: number[] = []
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue
    const columns = from.take(16)
    for (let column = 0; column < 16; column++) {
      if ((columns & (0x8000 >> column)) !== 0) used.push(row * 16 + column)
    }
  }
  if (used.length === 0) throw corrupt()
  return used
}

function selectorsOf(from: BitReader, groups: number, count: number): Uint8Array {
  const order = Array.from({ length: groups }, (_, group) => group)
  const selectors = new Uint8Array(count)
  for (let k = 0; k < count; k++) {
    let place = 0
    while (from.take(1) === 1) if (++place >= groups) throw corrupt()
    const [group = 0] = order.splice(place, 1)
    order.unshift(group)
    selectors[k] = group
  }
  return selectors
}

/** A canonical code: of each length the largest code (filled up to 20 bits), and what to add to come to the symbol. */
interface Code {
  readonly minBits: number
  readonly limits: Int32Array
  readonly bases: Int32Array
  readonly symbols: Uint16Array
}

function codeOf(from: BitReader, count: number): Code {
  const lengths = new Uint8Array(count)
  let length = from.take(5)
  for (let symbol = 0; symbol < count; symbol++) {
    for (;;) {
      if (length < 1 || length > maxCodeBits) throw corrupt()
      if (from.take(1) === 0) break
      length += from.take(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  const symbols = new Uint16Array(count)
  const limits = new Int32Array(maxCodeBits + 2).fill(-1)
  const bases = new Int32Array(maxCodeBits + 2)
  let code = 0
  let place = 0
  let minBits = 0
  for (let bits = 1; bits <= maxCodeBits; bits++) {
    bases[bits] = place - code
    for (let symbol = 0; symbol < count; symbol++) {
      if (lengths[symbol] !== bits) continue
      symbols[place++] = symbol
      code += 1
      if (minBits === 0) minBits = bits
    }
    limits[bits] = (code << (maxCodeBits - bits)) - 1
    code <<= 1
  }
  return { minBits, limits, bases, symbols }
}

function takeSymbol(from: BitReader, { minBits, limits, bases, symbols }: Code): number {
  const bits = from.peek(maxCodeBits)
  for (let length = minBits; length <= maxCodeBits; length++) {
    if (bits > (limits[length] as number)) continue
    from.take(length)
    const place = (bits >>> (maxCodeBits - length)) + (bases[length] as number)
    const symbol = symbols[place]
    if (symbol === undefined) break
    return symbol
  }
  throw corrupt()
}

/** Undoes Huffman, runs of zeros and move-to-front. @returns how many bytes stand in `links` */
function moveToFront(
  from: BitReader,
  used: readonly number[],
  selectors: Uint8Array,
  codes: readonly Code[],
  links: Uint32Array,
): number {
  const order = Uint8Array.from(used)
  const endOfBlock = used.length + 1
  let at = 0
  let group = 0
  let left = 0
  let code: Code | undefined
  let run = 0
  let weight = 1
  for (;;) {
    if (left === 0) {
      code = codes[selectors[group++] ?? -1]
      left = groupSize
    }
    if (code === undefined) throw corrupt()
    left -= 1
    const symbol = takeSymbol(from, code)
    if (symbol <= 1) {
      run += weight << symbol
      weight *= 2
      if (run > links.length) throw corrupt()
      continue
    }
    if (run > 0) {
      if (at + run > links.length) throw corrupt()
      links.fill(order[0] as number, at, at + run)
      at += run
      run = 0
      weight = 1
    }
    if (symbol === endOfBlock) return at
    if (at >= links.length) throw corrupt()
    const place = symbol - 1
    const byte = order[place] as number
    order.copyWithin(1, 0, place)
    order[0] = byte
    links[at++] = byte
  }
}

/** Puts in the upper 24 bits of each entry where the byte stands that follows its byte. */
function linkUp(links: Uint32Array, sizeBytes: number): void {
  const places = new Uint32Array(256)
  for (let k = 0; k < sizeBytes; k++) {
    const byte = (links[k] as number) & 0xff
    places[byte] = (places[byte] as number) + 1
  }
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = places[byte] as number
    places[byte] = sum
    sum += count
  }
  for (let k = 0; k < sizeBytes; k++) {
    const byte = (links[k] as number) & 0xff
    const place = places[byte] as number
    places[byte] = place + 1
    links[place] = (links[place] as number) | (k << 8)
  }
}

/** Follows the links, and undoes runs: after four equal bytes a fifth says how many more. */
class Unsorted implements Bzip2Block {
  readonly #links: Uint32Array
  readonly #sizeBytes: number
  readonly #origin: number
  #sum = 0xffffffff

  constructor(links: Uint32Array, sizeBytes: number, origin: number) {
    this.#links = links
    this.#sizeBytes = sizeBytes
    this.#origin = origin
  }

  get sum(): number {
    return ~this.#sum >>> 0
  }

  *pieces(): Generator<Buffer, void> {
    const links = this.#links
    let piece = Buffer.allocUnsafeSlow(pieceBytes)
    let at = 0
    let sum = this.#sum
    let link = links[this.#origin] as number
    let last = -1
    let equal = 0
    for (let k = 0; k < this.#sizeBytes; k++) {
      link = links[link >>> 8] as number
      const byte = link & 0xff
      let count = 1
      if (equal === 4) {
        count = byte
        equal = 0
      } else {
        equal = byte === last ? equal + 1 : 1
        last = byte
      }
      for (; count > 0; count--) {
        piece[at++] = last
        sum = (sum << 8) ^ (sums[((sum >>> 24) ^ last) & 0xff] as number)
        if (at < pieceBytes) continue
        this.#sum = sum
        yield piece
        piece = Buffer.allocUnsafeSlow(pieceBytes)
        at = 0
      }
      if (equal === 0) last = -1
    }
    this.#sum = sum
    if (at > 0) yield piece.subarray(0, at)
  }
}

/** CRC-32 with the highest bit first. */
function sumTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << 24
    for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum < 0 ? 0x04c11db7 : 0)
    return sum
  })
}
