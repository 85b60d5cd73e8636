/** Copies of bytes that wait for more. */
export class Held {
  /** Of the first byte in the text. */
  offset = 0
  length = 0
  isEmpty = true
  #parts: Buffer[] = []

  /** @param offset of the part, which is taken when it is the first */
  add(part: Buffer, offset: number): void {
    if (this.isEmpty) this.offset = offset
    this.isEmpty = false
    this.length += part.length
    this.#parts.push(Buffer.from(part))
  }

  /** All of it, which is then gone. */
  take(): { readonly bytes: Buffer; readonly offset: number } {
    const bytes = this.forget()
    this.isEmpty = true
    return { bytes, offset: this.offset }
  }

  peek(): { readonly bytes: Buffer; readonly offset: number } {
    return { bytes: Buffer.concat(this.#parts), offset: this.offset }
  }

  /** All of it, of which only the offset is kept. */
  forget(): Buffer {
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    this.length = 0
    return bytes
  }
}
