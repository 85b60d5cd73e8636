/** How often each byte comes; adds up over pieces. */
export class ByteCounts {
  readonly #counts = new Float64Array(256)

  add(bytes: Uint8Array): void {
    const counts = new Uint32Array(256)
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      counts[byte] = (counts[byte] as number) + 1
    }
    for (let byte = 0; byte < 256; byte++)
      this.#counts[byte] = (this.#counts[byte] as number) + (counts[byte] as number)
  }

  /** Shannon's entropy in bits of a byte, 0 to 8; 0 of nothing. */
  entropy(): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0)
    let bits = 0
    for (const count of this.#counts) if (count > 0) bits -= (count / total) * Math.log2(count / total)
    return bits
  }
}
