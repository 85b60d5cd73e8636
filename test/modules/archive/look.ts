import type { ArchiveLimits } from '../../../modules/archive/archive-budget.ts'
import type { ArchiveEntry } from '../../../modules/archive/archive-entry.ts'
import type { EntryPath } from '../../../modules/archive/archive-visitor.ts'
import { type ByteSource, MemorySource } from '../../../modules/archive/byte-source.ts'
import { walkArchive } from '../../../modules/archive/walk-archive.ts'

export const roomy: ArchiveLimits = {
  maxDepth: 6,
  maxEntries: 10_000,
  maxTotalBytes: 1 << 30,
  maxEntryBytes: 1 << 29,
  maxRatio: 250,
  bytesBeforeRatio: 1 << 26,
  maxHeldBytes: 1 << 26,
}

export interface Seen {
  readonly entry: ArchiveEntry
  /** What was read; undefined when its end was not seen. */
  readonly content: Buffer | undefined
  readonly manifest: readonly string[] | undefined
}

export interface Look {
  /** By `outer!/inner`. */
  readonly entries: ReadonlyMap<string, Seen>
  /** `code path`, as they came. */
  readonly problems: readonly string[]
}

/** Looks into an archive and reads all of it, or the names alone. */
export async function look(
  archive: Buffer | ByteSource,
  {
    name = 'x',
    limits = {},
    wants = () => true,
    breathe = () => undefined,
  }: {
    name?: string
    limits?: Partial<ArchiveLimits>
    wants?: (path: string) => boolean
    breathe?: () => Promise<boolean> | undefined
  } = {},
): Promise<Look> {
  const entries = new Map<string, Seen>()
  const problems: string[] = []
  const visitor = {
    entry(path: EntryPath, entry: ArchiveEntry) {
      const key = keyOf(path)
      const pieces: Buffer[] = []
      let manifest: readonly string[] | undefined
      if (!wants(key)) {
        entries.set(key, { entry, content: undefined, manifest })
        return undefined
      }
      return {
        wantsMore: true,
        wantsManifest: true,
        isSettledBy: () => false,
        push: async (piece: Buffer) => {
          pieces.push(Buffer.from(piece))
          return true
        },
        manifest: (lines: readonly string[]) => {
          manifest = lines
        },
        end: async (sizeBytes: number | undefined) => {
          const content = sizeBytes === undefined ? undefined : Buffer.concat(pieces)
          entries.set(key, { entry, content, manifest })
        },
      }
    },
    problem: (path: EntryPath, code: string) => void problems.push(`${code} ${keyOf(path)}`.trim()),
    breathe,
  }
  const source = Buffer.isBuffer(archive) ? new MemorySource(archive) : archive
  await walkArchive(source, Buffer.from(name), visitor, { ...roomy, ...limits })
  return { entries, problems }
}

function keyOf(path: EntryPath): string {
  return path.map((name) => name.toString('latin1')).join('!/')
}

/** What was read, as text by path. */
export function textsOf({ entries }: Look): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries([...entries].map(([path, { content }]) => [path, content?.toString('latin1')]))
}
