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
}

export interface OpenFile {
  readonly stat: FileStat
  /** Reads the next bytes into `buffer`; 0 at the end.
   *  @throws HostError */
  read(buffer: Uint8Array): number
  /** Has the file's size or modification time changed since it was opened? */
  changed(): boolean
  close(): void
}

export type FileKind = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'character-device' | 'block-device' | 'unknown'

export interface FileStat {
  readonly kind: FileKind
  readonly sizeBytes: number
  /** Type and permission bits, as in `st_mode`. */
  readonly mode: number
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint
  readonly device: bigint
  readonly inode: bigint
  readonly uid: number
  readonly gid: number
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
