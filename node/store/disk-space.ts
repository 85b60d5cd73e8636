import { statfs } from 'node:fs/promises'
import { codeOf, messageOf } from '../core/error.ts'

export interface DiskSpace {
  /** What this user may still write; the system's reserve for root is not counted. Quotas do not show here. */
  readonly availableBytes: number
  readonly totalBytes: number
}

/** How much room the disk under a directory has. Below `minFreeDiskBytes` a node refuses new actions (protocol D7). */
export async function diskSpace(directory: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(directory)
  return { availableBytes: bavail * bsize, totalBytes: blocks * bsize }
}

/** True for a full disk or an exhausted quota, as the system or LevelDB reports them. */
export function isDiskFull(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = codeOf(current)
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'disk-full') return true
    // LevelDB passes the system's sentence on and no number.
    if (/No space left on device|quota exceeded|not enough space/i.test(messageOf(current))) return true
  }
  return false
}
