import { type Host, HostError, type HostErrorCode } from '../../host/host.ts'
import { type BytePath, bytesOf } from '../file-path.ts'

const maxListBytes = 64 * 1024 * 1024
const missing: readonly HostErrorCode[] = ['not-found', 'not-directory']
const dpkgLists = '/var/lib/dpkg/info'
const dpkgDiversions = '/var/lib/dpkg/diversions'
const apkDatabase = '/lib/apk/db/installed'
const pacmanPackages = '/var/lib/pacman/local'
/** Directories that a system with a merged /usr has as links; its packages name files in them all the same. */
const merged = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']

/** Which files packages have brought, as dpkg, apk and pacman write it down. Databases of rpm are not read. */
export class Packages {
  readonly #host: Host
  #moved: ReadonlyMap<string, BytePath> | undefined
  #paths: ReadonlySet<BytePath> | HostError | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** Is there a database? One without a package, as a tool for packages of others brings it, is none. */
  get isKnown(): boolean {
    const databases = [
      () => this.#names(dpkgLists).some(isDpkgList),
      () => this.#names(pacmanPackages).length > 0,
      () => this.#host.stat(apkDatabase, true).kind === 'file',
    ]
    return databases.some((isThere) => {
      try {
        return isThere()
      } catch (error) {
        // What is there and cannot be listed shows when it is read.
        if (error instanceof HostError) return !missing.includes(error.code)
        throw error
      }
    })
  }

  /** @throws HostError when a list cannot be read: then nothing is said of any file */
  has(path: BytePath): boolean {
    this.#paths ??= this.#read()
    if (this.#paths instanceof HostError) throw this.#paths
    return this.#paths.has(this.#merged(path))
  }

  /** Lists or the reason why there are none: they are read once, not for every file. */
  #read(): ReadonlySet<BytePath> | HostError {
    const paths = new Set<BytePath>()
    try {
      for (const path of this.#dpkg()) paths.add(this.#merged(path))
      for (const path of apkFiles(this.#text(apkDatabase))) paths.add(this.#merged(path))
      for (const path of this.#pacman()) paths.add(this.#merged(path))
      return paths
    } catch (error) {
      if (error instanceof HostError) return error
      throw error
    }
  }

  /** A path as it is without the links of a merged /usr. */
  #merged(path: BytePath): BytePath {
    this.#moved ??= this.#mergedDirectories()
    const slash = path.indexOf('/', 1)
    const target = slash < 0 ? undefined : this.#moved.get(path.slice(1, slash))
    return target === undefined ? path : `${target}${path.slice(slash)}`
  }

  *#dpkg(): Generator<BytePath> {
    for (const name of this.#names(dpkgLists)) {
      if (!isDpkgList(name)) continue
      for (const line of this.#text(`${dpkgLists}/${name}`).split('\n')) if (line !== '') yield line
    }
    // From, to, by whom: what was moved away is still a package's.
    const lines = this.#text(dpkgDiversions).split('\n')
    for (let at = 1; at < lines.length; at += 3) yield lines[at] as string
  }

  *#pacman(): Generator<BytePath> {
    for (const name of this.#names(pacmanPackages)) {
      const [, files = ''] = this.#text(`${pacmanPackages}/${name}/files`).split('%FILES%\n')
      for (const line of (files.split('\n\n')[0] ?? '').split('\n')) if (line !== '') yield `/${line}`
    }
  }

  #mergedDirectories(): ReadonlyMap<string, BytePath> {
    const moved = new Map<string, BytePath>()
    for (const name of merged) {
      try {
        if (this.#host.stat(`/${name}`, false).kind !== 'link') continue
        moved.set(name, Buffer.from(this.#host.realPath(`/${name}`)).toString('latin1'))
      } catch (error) {
        if (!(error instanceof HostError)) throw error
      }
    }
    return moved
  }

  #names(path: string): readonly string[] {
    return ifThere([], () => this.#host.list(path).map(({ name }) => Buffer.from(name).toString('latin1')))
  }

  #text(path: BytePath): string {
    return ifThere('', () => Buffer.from(this.#host.readFile(bytesOf(path), maxListBytes)).toString('latin1'))
  }
}

function isDpkgList(name: string): boolean {
  return name.endsWith('.list')
}

/** `F:` a directory, `R:` a file in it. */
function* apkFiles(text: string): Generator<BytePath> {
  let directory = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('F:')) directory = line.slice(2)
    else if (line.startsWith('R:'))
      yield directory === '' ? `/${line.slice(2)}` : `/${directory}/${line.slice(2)}`
  }
}

function ifThere<T>(nothing: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof HostError && missing.includes(error.code)) return nothing
    throw error
  }
}
