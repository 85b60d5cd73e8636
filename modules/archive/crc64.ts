// CRC-64 of ECMA-182 with the lowest bit first, as xz has it. Two halves: numbers hold 53 bits.
const tableLow = new Int32Array(256)
const tableHigh = new Int32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let low = byte
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) !== 0
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (!isOdd) continue
    low ^= 0xd7870f42
    high ^= 0xc96c5795
  }
  tableLow[byte] = low
  tableHigh[byte] = high
}

export class Crc64 {
  #low = -1
  #high = -1

  update(bytes: Uint8Array): this {
    let low = this.#low
    let high = this.#high
    for (let at = 0; at < bytes.length; at++) {
      const place = (low ^ (bytes[at] as number)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[place] as number)
      high = (high >>> 8) ^ (tableHigh[place] as number)
    }
    this.#low = low
    this.#high = high
    return this
  }

  /** Eight bytes, the lowest first. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32LE(~this.#low, 0)
    bytes.writeInt32LE(~this.#high, 4)
    return bytes
  }
}
