import type { ArchiveEntry } from '../archive/archive-entry.ts'
import type { EntryPath } from '../archive/archive-visitor.ts'
import type { FileStat } from '../host/host.ts'
import type { CheckField } from './check.ts'

/** An entry of an archive in the place of a file. */
export interface EntryFacts {
  readonly path: EntryPath
  /** The last component of its name. */
  readonly name: Buffer
  /** Where `knows` says no, it says nothing. */
  readonly stat: FileStat
  knows(field: CheckField): boolean
}

/** @param sizeBytes as it was counted; as the archive has it when nothing was decoded */
export function factsOf(path: EntryPath, entry: ArchiveEntry, sizeBytes: number | undefined): EntryFacts {
  const { mode, mtimeNs, uid, gid } = entry
  const size = sizeBytes ?? entry.sizeBytes
  const known: Partial<Record<CheckField, boolean>> = {
    names: true,
    sizes: size !== undefined,
    modes: mode !== undefined,
    mtimes: mtimeNs !== undefined,
    types: true,
    owners: uid !== undefined,
    groups: gid !== undefined,
  }
  return {
    path,
    name: lastComponent(entry.name),
    stat: {
      kind: entry.kind,
      sizeBytes: size ?? -1,
      allocatedBytes: size ?? 0,
      mode: mode ?? 0,
      mtimeNs: mtimeNs ?? 0n,
      atimeNs: 0n,
      ctimeNs: 0n,
      btimeNs: 0n,
      links: 1,
      device: 0n,
      inode: 0n,
      uid: uid ?? 0,
      gid: gid ?? 0,
    },
    knows: (field) => known[field] ?? false,
  }
}

function lastComponent(name: Buffer): Buffer {
  const end = name.at(-1) === 0x2f ? name.length - 1 : name.length
  return name.subarray(name.subarray(0, end).lastIndexOf(0x2f) + 1, end)
}
