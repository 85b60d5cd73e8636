import type { FileStat } from '../host/host.ts'

/** Smaller files are read, holes and all: it takes less than a second. */
const minSparseBytes = 1024 * 1024 * 1024
/** Nothing that file systems compress by themselves becomes smaller by more. */
const maxSparseRatio = 250

/** Is a file nearly all holes? Node cannot ask where they are, and to read terabytes of nothing is what somebody may want of us. Such a file
 *  is not read, which is said. */
export function isSparse({ sizeBytes, allocatedBytes }: FileStat): boolean {
  return sizeBytes >= minSparseBytes && allocatedBytes * maxSparseRatio < sizeBytes
}
