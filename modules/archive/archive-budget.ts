import { ArchiveError } from './archive-error.ts'

/** What one file may cost that is looked into. */
export interface ArchiveLimits {
  /** Archives in one another; 1 is the file alone. */
  readonly maxDepth: number
  readonly maxEntries: number
  /** Decoded bytes of everything together … */
  readonly maxTotalBytes: number
  /** … and of one entry, … */
  readonly maxEntryBytes: number
  /** … which past `bytesBeforeRatio` may not be more than so many times the bytes that it was decoded from. */
  readonly maxRatio: number
  readonly bytesBeforeRatio: number
  /** Memory for archives that need to be held to be read, and for the windows of decoders. */
  readonly maxHeldBytes: number
}

/** Counts what one file has cost. Limits on the whole end the reading of it, others that of one entry. */
export class ArchiveBudget {
  readonly limits: ArchiveLimits
  #entries = 0
  #totalBytes = 0
  #heldBytes = 0

  constructor(limits: ArchiveLimits) {
    this.limits = limits
  }

  /** @throws ArchiveError `limit-reached`, final */
  takeEntry(): void {
    this.#entries += 1
    if (this.#entries > this.limits.maxEntries) throw new ArchiveError('limit-reached', { isFinal: true })
  }

  /** @param given what has come of `taken` bytes with the `fresh` ones
   *  @throws ArchiveError `too-large`, final if everything together is */
  takeBytes(fresh: number, given: number, taken: number): void {
    this.#totalBytes += fresh
    const { maxTotalBytes, maxEntryBytes, maxRatio, bytesBeforeRatio } = this.limits
    if (this.#totalBytes > maxTotalBytes) throw new ArchiveError('too-large', { isFinal: true })
    const isBomb = given > bytesBeforeRatio && given > taken * maxRatio
    if (isBomb || given > maxEntryBytes) throw new ArchiveError('too-large')
  }

  /** @throws ArchiveError `too-large` */
  hold(sizeBytes: number): void {
    if (this.#heldBytes + sizeBytes > this.limits.maxHeldBytes) throw new ArchiveError('too-large')
    this.#heldBytes += sizeBytes
  }

  release(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes
  }
}

/** Memory that one decoder holds, counted against the budget of the file. */
export class HeldMemory {
  readonly #budget: ArchiveBudget
  #bytes = 0

  constructor(budget: ArchiveBudget) {
    this.#budget = budget
  }

  /** @throws ArchiveError `too-large` */
  grow(toBytes: number): void {
    if (toBytes <= this.#bytes) return
    this.#budget.hold(toBytes - this.#bytes)
    this.#bytes = toBytes
  }

  free(): void {
    this.#budget.release(this.#bytes)
    this.#bytes = 0
  }
}
