import { corrupt } from './archive-error.ts'
import type { SlidingWindow } from './sliding-window.ts'

// LZMA as specified in https://www.7-zip.org/sdk.html (lzma-specification.txt). Numbers: bits of a model are 11, of a move 5.
const half = 1024
const states = 12
const positionStates = 16
const lengthStates = 4
const alignBits = 4
const endOfModels = 14
const fullDistances = 128
const minLength = 2

interface LengthModel {
  readonly choice: Uint16Array
  readonly low: Uint16Array
  readonly middle: Uint16Array
  readonly high: Uint16Array
}

function models(count: number): Uint16Array {
  return new Uint16Array(count).fill(half)
}

function lengthModel(): LengthModel {
  return {
    choice: models(2),
    low: models(positionStates * 8),
    middle: models(positionStates * 8),
    high: models(256),
  }
}

/** Decodes the chunks of LZMA2: a chunk is there as a whole, and says how many bytes come of it. */
export class LzmaDecoder {
  readonly #window: SlidingWindow
  #literalContextBits = 0
  #literalPositionMask = 0
  #positionMask = 0
  #literals = models(0)
  #state = 0
  readonly #repeats = new Int32Array(4)
  /** Of bytes since the dictionary was reset, as far as the masks need it. */
  #position = 0
  #isMatch = models(0)
  #isRepeat = models(0)
  #isRepeat0 = models(0)
  #isRepeat1 = models(0)
  #isRepeat2 = models(0)
  #isRepeat0Long = models(0)
  #slots = models(0)
  #distances = models(0)
  #align = models(0)
  #matchLength = lengthModel()
  #repeatLength = lengthModel()
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #range = 0
  #code = 0

  constructor(window: SlidingWindow) {
    this.#window = window
  }

  /** @throws ArchiveError `corrupt-data` */
  setProperties(byte: number): void {
    const positionBits = Math.floor(byte / 45)
    const literalPositionBits = Math.floor(byte / 9) % 5
    const literalContextBits = byte % 9
    if (positionBits > 4 || literalContextBits + literalPositionBits > 4) throw corrupt()
    this.#positionMask = (1 << positionBits) - 1
    this.#literalPositionMask = (1 << literalPositionBits) - 1
    this.#literalContextBits = literalContextBits
    this.#literals = models(0x300 << (literalContextBits + literalPositionBits))
  }

  resetState(): void {
    this.#state = 0
    this.#repeats.fill(0)
    this.#literals.fill(half)
    this.#isMatch = models(states * positionStates)
    this.#isRepeat = models(states)
    this.#isRepeat0 = models(states)
    this.#isRepeat1 = models(states)
    this.#isRepeat2 = models(states)
    this.#isRepeat0Long = models(states * positionStates)
    this.#slots = models(lengthStates * 64)
    this.#distances = models(1 + fullDistances - endOfModels)
    this.#align = models(1 << alignBits)
    this.#matchLength = lengthModel()
    this.#repeatLength = lengthModel()
  }

  resetDictionary(): void {
    this.#window.forget()
    this.#position = 0
  }

  /** Bytes that are not packed. */
  copy(bytes: Uint8Array): void {
    this.#window.bytes.set(bytes, this.#window.end)
    this.#window.end += bytes.length
    this.#position += bytes.length
  }

  /** Decodes `count` bytes from what lies between `at` and `end`; room for them must be in the window.
   *  @throws ArchiveError `corrupt-data` unless exactly that much comes of it */
  decode(bytes: Uint8Array, at: number, end: number, count: number): void {
    if (end - at < 5 || bytes[at] !== 0) throw corrupt()
    this.#bytes = bytes
    this.#at = at + 1
    this.#end = end
    this.#range = 0xffffffff
    this.#code = 0
    for (let k = 0; k < 4; k++) this.#code = ((this.#code << 8) | (bytes[this.#at++] as number)) >>> 0
    const window = this.#window
    const stop = window.end + count
    const before = window.end
    while (window.end < stop) {
      this.#step(this.#position + window.end - before, stop)
      if (this.#at > end) throw corrupt()
    }
    this.#normalise()
    this.#position = (this.#position + count) & 0xffffff
    if (this.#at !== end || this.#code !== 0) throw corrupt()
  }

  #step(position: number, stop: number): void {
    const window = this.#window
    const positionState = position & this.#positionMask
    if (this.#bit(this.#isMatch, this.#state * positionStates + positionState) === 0) {
      this.#literal(position)
      return
    }
    let length: number
    const state = this.#state
    const repeats = this.#repeats
    if (this.#bit(this.#isRepeat, state) === 0) {
      repeats.copyWithin(1, 0, 3)
      length = this.#length(this.#matchLength, positionState)
      this.#state = state < 7 ? 7 : 10
      repeats[0] = this.#distance(length)
    } else {
      if (window.end === window.start) throw corrupt()
      if (this.#bit(this.#isRepeat0, state) === 0) {
        if (this.#bit(this.#isRepeat0Long, state * positionStates + positionState) === 0) {
          this.#state = state < 7 ? 9 : 11
          window.repeat(this.#distanceOf(0), 1)
          return
        }
      } else {
        let which = 1
        if (this.#bit(this.#isRepeat1, state) !== 0) which = this.#bit(this.#isRepeat2, state) === 0 ? 2 : 3
        const distance = repeats[which] as number
        repeats.copyWithin(1, 0, which)
        repeats[0] = distance
      }
      length = this.#length(this.#repeatLength, positionState)
      this.#state = state < 7 ? 8 : 11
    }
    if (window.end + length > stop) throw corrupt()
    window.repeat(this.#distanceOf(0), length)
  }

  /** The repeats count from 0. */
  #distanceOf(which: number): number {
    return ((this.#repeats[which] as number) >>> 0) + 1
  }

  #literal(position: number): void {
    const window = this.#window
    const { bytes, end } = window
    const before = end > window.start ? (bytes[end - 1] as number) : 0
    const high = position & this.#literalPositionMask
    const context = (high << this.#literalContextBits) + (before >> (8 - this.#literalContextBits))
    const base = 0x300 * context
    let symbol = 1
    if (this.#state >= 7) {
      const from = end - this.#distanceOf(0)
      if (from < window.start) throw corrupt()
      let match = bytes[from] as number
      do {
        const matchBit = (match >> 7) & 1
        match <<= 1
        const bit = this.#bit(this.#literals, base + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (matchBit !== bit) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literals, base + symbol)
    bytes[window.end++] = symbol
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6
  }

  #length(model: LengthModel, positionState: number): number {
    if (this.#bit(model.choice, 0) === 0) return minLength + this.#tree(model.low, positionState * 8, 3)
    if (this.#bit(model.choice, 1) === 0)
      return minLength + 8 + this.#tree(model.middle, positionState * 8, 3)
    return minLength + 16 + this.#tree(model.high, 0, 8)
  }

  #distance(length: number): number {
    const lengthState = Math.min(length - minLength, lengthStates - 1)
    const slot = this.#tree(this.#slots, lengthState * 64, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const distance = ((2 | (slot & 1)) << bits) >>> 0
    if (slot < endOfModels) return distance + this.#reverseTree(this.#distances, distance - slot, bits)
    const direct = this.#direct(bits - alignBits)
    return (distance + ((direct << alignBits) >>> 0) + this.#reverseTree(this.#align, 0, alignBits)) | 0
  }

  #tree(model: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    for (let k = 0; k < bits; k++) symbol = (symbol << 1) | this.#bit(model, base + symbol)
    return symbol - (1 << bits)
  }

  #reverseTree(model: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    let value = 0
    for (let k = 0; k < bits; k++) {
      const bit = this.#bit(model, base + symbol)
      symbol = (symbol << 1) | bit
      value |= bit << k
    }
    return value
  }

  #direct(count: number): number {
    let value = 0
    for (let k = 0; k < count; k++) {
      this.#normalise()
      this.#range >>>= 1
      const isOne = this.#code >= this.#range
      if (isOne) this.#code -= this.#range
      value = (value << 1) | (isOne ? 1 : 0)
    }
    return value
  }

  #bit(model: Uint16Array, at: number): number {
    this.#normalise()
    const chance = model[at] as number
    const bound = (this.#range >>> 11) * chance
    if (this.#code < bound) {
      this.#range = bound
      model[at] = chance + ((2048 - chance) >> 5)
      return 0
    }
    this.#range -= bound
    this.#code -= bound
    model[at] = chance - (chance >> 5)
    return 1
  }

  #normalise(): void {
    if (this.#range >= 0x1000000) return
    this.#range = (this.#range << 8) >>> 0
    // Behind the end come zeros, and `decode` sees that it was passed.
    const next = this.#at < this.#end ? (this.#bytes[this.#at] as number) : 0
    this.#at += 1
    this.#code = ((this.#code << 8) | next) >>> 0
  }
}
