import { ArchiveBudget, type ArchiveLimits } from './archive-budget.ts'
import { peekBytes } from './archive-entry.ts'
import type { ByteSource } from './byte-source.ts'
import { readExactly } from './byte-source.ts'
import { detectArchive, zipClaim } from './detect.ts'
import { manifestLines } from './manifest.ts'
import { findZipDirectory } from './zip-directory.ts'

/** What a file says that it is, should it be a jar (any zip).
 *  @returns undefined when it is none
 *  @throws ArchiveError; HostError */
export async function readManifest(
  source: ByteSource,
  name: Buffer,
  limits: ArchiveLimits,
): Promise<readonly string[] | undefined> {
  const start = readExactly(source, 0, Math.min(peekBytes, source.sizeBytes))
  const kind = detectArchive(start)
  if (kind !== undefined && kind !== 'zip') return undefined
  const directory = findZipDirectory(source, zipClaim(kind, name))
  return directory && manifestLines(source, directory, new ArchiveBudget(limits))
}
