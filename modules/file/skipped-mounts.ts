import type { Mount } from '../host/host.ts'
import type { BytePath } from './file-path.ts'

export type SkippedMount = 'pseudo' | 'remote'

// Made by the kernel, without a file that anybody stored there; some block whoever reads, some mount when they are looked at.
const pseudo = new Set(
  `autofs binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts efivarfs fusectl hugetlbfs mqueue nfsd nsfs
  pipefs proc pstore resctrl rpc_pipefs securityfs selinuxfs smackfs sockfs sysfs tracefs`.split(/\s+/),
)
// On another machine: slow, shared by many endpoints, and able to hang for ever.
const remote = new Set(
  '9p afs ceph cifs coda davfs gpfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs'.split(' '),
)

/** Which mounts a walk does not enter by itself, by path. A later mount covers an earlier one on the same path. */
export function skippedMounts(mounts: readonly Mount[]): ReadonlyMap<BytePath, SkippedMount> {
  const skipped = new Map<BytePath, SkippedMount>()
  for (const { path, fileSystem } of mounts) {
    const key = Buffer.from(path).toString('latin1')
    const kind = kindOf(fileSystem)
    if (kind === undefined) skipped.delete(key)
    else skipped.set(key, kind)
  }
  return skipped
}

function kindOf(fileSystem: string): SkippedMount | undefined {
  if (pseudo.has(fileSystem)) return 'pseudo'
  // What answers behind FUSE is a program: sshfs and its like. `fuseblk` is a local disk.
  const isFuse = fileSystem === 'fuse' || fileSystem.startsWith('fuse.')
  return isFuse || remote.has(fileSystem) ? 'remote' : undefined
}
