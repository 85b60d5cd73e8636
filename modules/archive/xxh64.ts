// XXH64, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Stripes in halves of 32 bits, the rest in BigInt.
const prime1 = 0x9e3779b185ebca87n
const prime2 = 0xc2b2ae3d27d4eb4fn
const prime3 = 0x165667b19e3779f9n
const prime4 = 0x85ebca77c2b2ae63n
const prime5 = 0x27d4eb2f165667c5n
const mask = (1n << 64n) - 1n
const stripeBytes = 32

/** The checksum of zstd: XXH64 with seed 0. */
export class Xxh64 {
  /** Four lanes, of each the lower half and the upper. */
  readonly #lanes = lanesOf([prime1 + prime2, prime2, 0n, -prime1])
  readonly #rest = Buffer.alloc(stripeBytes)
  #restBytes = 0
  #total = 0

  update(bytes: Buffer): void {
    this.#total += bytes.length
    let at = 0
    if (this.#restBytes > 0) {
      at = Math.min(bytes.length, stripeBytes - this.#restBytes)
      bytes.copy(this.#rest, this.#restBytes, 0, at)
      this.#restBytes += at
      if (this.#restBytes < stripeBytes) return
      this.#stripes(this.#rest, 0, stripeBytes)
      this.#restBytes = 0
    }
    const whole = at + Math.floor((bytes.length - at) / stripeBytes) * stripeBytes
    this.#stripes(bytes, at, whole)
    this.#restBytes = bytes.copy(this.#rest, 0, whole)
  }

  /** The lower 32 bits. */
  digest(): number {
    let sum = prime5
    if (this.#total >= stripeBytes) {
      const lanes = [0, 1, 2, 3].map((lane) => this.#lane(lane))
      const [first = 0n, second = 0n, third = 0n, fourth = 0n] = lanes
      sum = (rotate(first, 1n) + rotate(second, 7n) + rotate(third, 12n) + rotate(fourth, 18n)) & mask
      for (const lane of lanes) sum = ((sum ^ round(0n, lane)) * prime1 + prime4) & mask
    }
    sum = (sum + BigInt(this.#total)) & mask
    let at = 0
    for (; at + 8 <= this.#restBytes; at += 8) {
      sum = (rotate(sum ^ round(0n, this.#rest.readBigUInt64LE(at)), 27n) * prime1 + prime4) & mask
    }
    if (at + 4 <= this.#restBytes) {
      const word = BigInt(this.#rest.readUInt32LE(at))
      sum = (rotate(sum ^ ((word * prime1) & mask), 23n) * prime2 + prime3) & mask
      at += 4
    }
    for (; at < this.#restBytes; at++) {
      sum = (rotate(sum ^ ((BigInt(this.#rest[at] as number) * prime5) & mask), 11n) * prime1) & mask
    }
    sum = ((sum ^ (sum >> 33n)) * prime2) & mask
    sum = ((sum ^ (sum >> 29n)) * prime3) & mask
    return Number((sum ^ (sum >> 32n)) & 0xffffffffn)
  }

  #lane(lane: number): bigint {
    const [low = 0, high = 0] = this.#lanes.subarray(2 * lane)
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  }

  /** lane = rotate(lane + word × prime2, 31) × prime1 */
  #stripes(bytes: Buffer, start: number, end: number): void {
    const lanes = this.#lanes
    for (let at = start; at < end; at += 8) {
      const place = ((at - start) >> 2) & 6
      const low = bytes.readInt32LE(at)
      const high = bytes.readInt32LE(at + 4)
      // The primes' halves: 27d4eb4f c2b2ae3d, 85ebca87 9e3779b1.
      const wordLow = Math.imul(low, 0x27d4eb4f)
      const wordHigh =
        (upperHalf(low, 0x27d4, 0xeb4f) + Math.imul(low, 0xc2b2ae3d) + Math.imul(high, 0x27d4eb4f)) | 0
      const sumLow = ((lanes[place] as number) + wordLow) | 0
      const carry = sumLow >>> 0 < wordLow >>> 0 ? 1 : 0
      const sumHigh = ((lanes[place + 1] as number) + wordHigh + carry) | 0
      const turnedLow = (sumLow << 31) | (sumHigh >>> 1)
      const turnedHigh = (sumHigh << 31) | (sumLow >>> 1)
      lanes[place] = Math.imul(turnedLow, 0x85ebca87)
      lanes[place + 1] =
        (upperHalf(turnedLow, 0x85eb, 0xca87) +
          Math.imul(turnedLow, 0x9e3779b1) +
          Math.imul(turnedHigh, 0x85ebca87)) |
        0
    }
  }
}

/** The upper 32 bits of a product; the second factor comes in halves of 16 bits. */
function upperHalf(factor: number, high: number, low: number): number {
  const factorLow = factor & 0xffff
  const factorHigh = factor >>> 16
  const middle = factorHigh * low + ((factorLow * low) >>> 16)
  const other = factorLow * high + (middle & 0xffff)
  return (factorHigh * high + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) | 0
}

function round(lane: bigint, word: bigint): bigint {
  return (rotate((lane + word * prime2) & mask, 31n) * prime1) & mask
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask
}

function lanesOf(values: readonly bigint[]): Int32Array {
  return Int32Array.from(
    values.flatMap((value) => [
      Number(BigInt.asIntN(32, value)),
      Number(BigInt.asIntN(32, (value & mask) >> 32n)),
    ]),
  )
}
