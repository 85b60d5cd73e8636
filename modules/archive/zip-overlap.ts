import type { ZipEntry } from './zip-entries.ts'

/** Do entries of one zip share bytes? Honest ones never do; a bomb makes the same bytes into many entries. */
export class ZipOverlap {
  #lastEnd = 0
  #starts: number[] = []
  #ends: number[] = []
  #isOrdered = true

  add({ offset, packedBytes }: ZipEntry): void {
    const end = offset + packedBytes
    if (offset < this.#lastEnd) this.#isOrdered = false
    this.#lastEnd = Math.max(this.#lastEnd, end)
    this.#starts.push(offset)
    this.#ends.push(end)
  }

  get found(): boolean {
    // Nearly every zip lists its entries as they lie.
    if (this.#isOrdered) return false
    const starts = Float64Array.from(this.#starts).sort()
    const ends = Float64Array.from(this.#ends).sort()
    // Without overlap the k-th end comes before the start of the next.
    for (let k = 1; k < starts.length; k++) if ((starts[k] as number) < (ends[k - 1] as number)) return true
    return false
  }
}
