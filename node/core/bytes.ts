/** Bounded reading and writing of length-prefixed bytes: `uvarint(length) ‖ bytes` (LEB128, as in protobuf). */

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** @param value 0 ≤ value < 2^31: what `ByteReader` reads back
 *  @throws RangeError for any other number */
export function uvarint(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31)
    throw new RangeError(`${value} is not a length`)
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

export function prefixed(bytes: Uint8Array): Uint8Array {
  return concat([uvarint(bytes.length), bytes])
}

/** A cursor that never reads past its bytes: every method gives undefined instead. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  uvarint(): number | undefined {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) return undefined
      this.#at++
      value += (byte & 0x7f) * 2 ** shift
      // A last byte of 0 after others is a longer spelling of the same number: not canonical.
      if (byte < 0x80) return byte === 0 && shift > 0 ? undefined : value < 2 ** 31 ? value : undefined
    }
    return undefined
  }

  take(length: number): Uint8Array | undefined {
    if (length < 0 || this.#at + length > this.#bytes.length) return undefined
    const part = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return part
  }

  /** Everything that has not been read yet. */
  rest(): Uint8Array {
    const part = this.#bytes.subarray(this.#at)
    this.#at = this.#bytes.length
    return part
  }

  prefixed(maxBytes: number): Uint8Array | undefined {
    const length = this.uvarint()
    return length === undefined || length > maxBytes ? undefined : this.take(length)
  }
}
