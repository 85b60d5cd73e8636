import { type Host, HostError, type Mount } from '../host/host.ts'
import type { BytePath } from './file-path.ts'

// Made by the kernel, without a file that anybody stored there; some block whoever reads, some mount when they are looked at.
const pseudo = new Set(
  `autofs binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts efivarfs fusectl hugetlbfs mqueue nfsd nsfs
  pipefs proc pstore resctrl rpc_pipefs securityfs selinuxfs smackfs sockfs sysfs tracefs`.split(/\s+/),
)
// On another machine: slow, shared by many endpoints, and able to hang for ever.
const remote = new Set(
  '9p afs ceph cifs coda davfs gpfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs'.split(' '),
)

export interface MountPoint {
  readonly kind: 'pseudo' | 'remote' | undefined
  /** Is it entered only when it is asked for? */
  readonly isSkipped: boolean
  /** Is a file at its end when a read brings less than was asked for? */
  readonly endsShort: boolean
}

/** What a walk needs to know of mounts, by path. A later mount covers an earlier one on the same path. */
export class Mounts {
  readonly #byPath = new Map<BytePath, MountPoint>()

  constructor(mounts: readonly Mount[]) {
    for (const { path, fileSystem } of mounts) {
      const kind = kindOf(fileSystem)
      const isOwn = kind === undefined && !fileSystem.startsWith('fuse')
      this.#byPath.set(Buffer.from(path).toString('latin1'), {
        kind,
        isSkipped: kind !== undefined,
        endsShort: isOwn,
      })
    }
  }

  at(path: BytePath): MountPoint | undefined {
    return this.#byPath.get(path)
  }

  /** Where nothing is known of mounts, nothing is taken for granted. */
  endsShort(path: BytePath): boolean {
    for (let above = path; above !== '/'; above = above.slice(0, Math.max(1, above.lastIndexOf('/')))) {
      const mount = this.at(above)
      if (mount !== undefined) return mount.endsShort
    }
    return this.at('/')?.endsShort ?? false
  }
}

/** An endpoint whose mounts cannot be read is walked without skipping. */
export function mountsOf(host: Host): Mounts {
  try {
    return new Mounts(host.mounts())
  } catch (error) {
    if (error instanceof HostError) return new Mounts([])
    throw error
  }
}

function kindOf(fileSystem: string): 'pseudo' | 'remote' | undefined {
  if (pseudo.has(fileSystem)) return 'pseudo'
  // What answers behind FUSE is a program: sshfs and its like. `fuseblk` is a local disk.
  const isFuse = fileSystem === 'fuse' || fileSystem.startsWith('fuse.')
  return isFuse || remote.has(fileSystem) ? 'remote' : undefined
}
