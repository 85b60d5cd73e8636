/** A name or a path as it is on disk, one character (U+0000–U+00FF) a byte, what is called latin1: any name is kept, and joining and
 *  comparing cost no more than with text. */
export type ByteName = string

/** The machine as modules see it. `root` may be a mounted disk image or a fixture: no path, link or `..` leaves it.
 *  Calls are synchronous: a module runs in a process of its own, where synchronous calls are 2–4 times faster. */
export interface Host {
  readonly platform: NodeJS.Platform
  /** Absolute directory that `/` stands for. `/` for the machine itself. */
  readonly root: string
  /** Opens without following a final link, without blocking on FIFOs or devices, without touching access times where allowed.
   *  @throws HostError */
  open(path: Uint8Array | string): OpenFile
  /** Like `stat` on the opened object, without opening it for reading. `follow` resolves links inside the root.
   *  @throws HostError */
  stat(path: Uint8Array | string, follow: boolean): FileStat
  /** The names in a directory as bytes, unsorted, without `.` and `..`.
   *  @throws HostError */
  list(path: Uint8Array | string): readonly DirectoryEntry[]
  /** The target of a link, as bytes.
   *  @throws HostError */
  readLink(path: Uint8Array | string): Uint8Array
  /** A whole small file. Kernel files whose size reads 0 are read to their end.
   *  @throws HostError, `too-large` beyond `maxBytes` */
  readFile(path: Uint8Array | string, maxBytes: number): Uint8Array
  hostname(): string
  /** Opens a directory to be walked from; a final link is not followed. Close it.
   *  @param links on the way there: `refuse` takes a path only if there is none in it, as a walk goes
   *  @throws HostError, `is-link` or `not-directory` when it is none */
  openDirectory(path: Uint8Array | string, links?: 'follow' | 'refuse'): OpenDirectory
  /** The path without links and `..`, as bytes, seen from inside the root.
   *  @throws HostError */
  realPath(path: Uint8Array | string): Uint8Array
  /** What is mounted where, by path inside the root, and what the root itself lies on; empty where the system does not say. */
  mounts(): readonly Mount[]
}

/** A directory held open: names are looked up in it, whatever its path is by now, so that neither a path longer than
 *  the system takes nor a link swapped in above it matters. Names are single components. */
export interface OpenDirectory {
  readonly stat: FileStat
  /** The entries in pieces, a bounded number in memory at a time.
   *  @throws HostError */
  entries(): Iterable<readonly NamedEntry[]>
  /** Goes one level down; never through a link. Close it before this one.
   *  @throws HostError, `not-directory` for anything else */
  openDirectory(name: ByteName): OpenDirectory
  /** Opens an entry that was listed or stat'ed as a regular file. `follow` resolves a link inside the root.
   *  @throws HostError, `is-link` when it has become a link and `follow` is false */
  open(name: ByteName, follow: boolean): OpenFile
  /** @throws HostError */
  statEntry(name: ByteName, follow: boolean): FileStat
  /** May be called twice. */
  close(): void
}

export interface Mount {
  /** Bytes, without a trailing slash but for `/`. */
  readonly path: Uint8Array
  /** The type as the kernel names it: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly fileSystem: string
}

export interface OpenFile {
  /** Of what was opened, as it was when this was first asked or the first piece was read to the full.
   *  @throws HostError */
  readonly stat: FileStat
  /** Reads the next bytes into `buffer`; 0 at the end. Only regular files are ever read: a pipe has no place to read at, and what fills
   *  the buffer is asked for its kind. What stays below that, like a null device, is told apart by `stat` alone.
   *  @throws HostError, `not-supported` for anything but a regular file */
  read(buffer: Uint8Array): number
  /** Fills `buffer` from a place on, as far as there are bytes; where `read` stands does not matter to it and stays.
   *  @throws HostError, `not-supported` for anything but a regular file */
  readAt(buffer: Uint8Array, position: number): number
  /** Has the file's size or modification time changed since its `stat`? */
  changed(): boolean
  close(): void
}

export type FileKind =
  | 'file'
  | 'directory'
  | 'link'
  | 'fifo'
  | 'socket'
  | 'character-device'
  | 'block-device'
  | 'unknown'

export interface FileStat {
  readonly kind: FileKind
  readonly sizeBytes: number
  /** What it takes on disk: less than its size where it has holes. */
  readonly allocatedBytes: number
  /** Type and permission bits, as in `st_mode`. */
  readonly mode: number
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint
  readonly atimeNs: bigint
  /** When its inode was changed last. */
  readonly ctimeNs: bigint
  /** When it was made; 0 where the file system does not keep it. */
  readonly btimeNs: bigint
  /** Names that lead to it. */
  readonly links: number
  readonly device: bigint
  readonly inode: bigint
  readonly uid: number
  readonly gid: number
}

export interface NamedEntry {
  readonly name: ByteName
  readonly kind: FileKind
}

export interface DirectoryEntry {
  /** Raw bytes: a name need not be UTF-8. */
  readonly name: Uint8Array
  readonly kind: FileKind
}

export type HostErrorCode =
  | 'not-found'
  | 'permission-denied'
  | 'not-directory'
  | 'is-link'
  | 'symlink-loop'
  | 'outside-root'
  | 'name-too-long'
  | 'too-large'
  | 'not-supported'
  | 'read-failed'

/** What a machine may refuse. The path is the caller's; the system's own sentence is not kept, it can quote data. */
export class HostError extends Error {
  readonly code: HostErrorCode
  constructor(code: HostErrorCode) {
    super(code)
    this.name = 'HostError'
    this.code = code
  }
}
