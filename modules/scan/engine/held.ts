const firstCapacityBytes = 4096

/** Copies of bytes that wait for more. Their place is used again: what is taken is good until the next is added. */
export class Held {
  /** Of the first byte in the text. */
  offset = 0
  length = 0
  isEmpty = true
  // Made anew for each line, such buffers would be most of what a search allocates where there are no newlines.
  #place: Buffer | undefined

  /** @param offset of the part, which is taken when it is the first */
  add(part: Buffer, offset: number): void {
    if (this.isEmpty) this.offset = offset
    this.isEmpty = false
    this.#withRoomFor(this.length + part.length).set(part, this.length)
    this.length += part.length
  }

  /** All of it, which is then gone. */
  take(): { readonly bytes: Buffer; readonly offset: number } {
    const bytes = this.forget()
    this.isEmpty = true
    return { bytes, offset: this.offset }
  }

  peek(): { readonly bytes: Buffer; readonly offset: number } {
    return { bytes: this.#withRoomFor(0).subarray(0, this.length), offset: this.offset }
  }

  /** All of it, of which only the offset is kept. */
  forget(): Buffer {
    const { bytes } = this.peek()
    this.length = 0
    return bytes
  }

  #withRoomFor(bytes: number): Buffer {
    const before = this.#place
    if (before !== undefined && before.length >= bytes) return before
    this.#place = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * (before?.length ?? 0), firstCapacityBytes))
    before?.copy(this.#place, 0, 0, this.length)
    return this.#place
  }
}
