import {
  decodedBytesBeforeRatio,
  maxArchiveBytes,
  maxArchiveEntries,
  maxArchiveHeldBytes,
  maxDecodedBytes,
  maxDecodedRatio,
} from '../../node/core/limits.ts'
import type { ArchiveLimits } from '../archive/archive-budget.ts'
import type { ByteSource } from '../archive/byte-source.ts'
import type { OpenFile } from '../host/host.ts'

/** An open file as archives are read. @throws HostError */
export function fileSource(file: OpenFile): ByteSource {
  return {
    sizeBytes: file.stat.sizeBytes,
    readAt: (buffer, position) => file.readAt(buffer, position),
  }
}

export function archiveLimits(maxDepth: number): ArchiveLimits {
  return {
    maxDepth,
    maxEntries: maxArchiveEntries,
    maxTotalBytes: maxArchiveBytes,
    maxEntryBytes: maxDecodedBytes,
    maxRatio: maxDecodedRatio,
    bytesBeforeRatio: decodedBytesBeforeRatio,
    maxHeldBytes: maxArchiveHeldBytes,
  }
}
