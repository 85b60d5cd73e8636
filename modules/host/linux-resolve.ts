import { lstatSync, readlinkSync } from 'node:fs'
import { fileStatOf } from './file-stat.ts'
import { type ByteName, type FileStat, HostError } from './host.ts'
import type { LinuxDirectory } from './linux-directory.ts'
import { isAbsolute, joinPath, splitPath } from './path-bytes.ts'
import { systemCall } from './system-error.ts'

/** As many as Linux follows in one path. */
const maxLinks = 40
const self = '.'

/** Where a path ends: a name in a directory. The name is `.` for the directory itself. */
export interface Place {
  readonly directory: LinuxDirectory
  readonly name: ByteName
}

/** Walks a path one component at a time as openat2(2) does with RESOLVE_IN_ROOT: absolute links and `..` stay inside the
 *  root, whatever is renamed meanwhile. Then calls `use`, and gives back every descriptor that it took.
 *  @param follow whether a link at the very end is followed
 *  @throws HostError, `symlink-loop` after 40 links */
export function withPlace<T>(
  start: LinuxDirectory,
  path: Buffer,
  follow: boolean,
  use: (place: Place) => T,
): T {
  const taken: LinuxDirectory[] = []
  try {
    return use(resolve(start, path, follow, taken))
  } finally {
    for (const directory of taken) directory.release()
  }
}

function resolve(start: LinuxDirectory, path: Buffer, follow: boolean, taken: LinuxDirectory[]): Place {
  let directory = isAbsolute(path) ? rootOf(start) : start
  const left = splitPath(path).reverse()
  let links = 0
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (name === self) continue
    if (name === '..') {
      directory = directory.parent ?? directory
      continue
    }
    const last = left.length === 0
    if (last && !follow) return { directory, name }
    const next: LinuxDirectory | undefined = last ? undefined : enter(directory, name, taken)
    if (next !== undefined) {
      directory = next
      continue
    }
    const target = linkTarget(directory, name)
    if (target === undefined) {
      if (last) return { directory, name }
      throw new HostError('not-directory')
    }
    links += 1
    if (links > maxLinks) throw new HostError('symlink-loop')
    if (isAbsolute(target)) directory = rootOf(directory)
    left.push(...splitPath(target).reverse())
  }
  return { directory, name: self }
}

/** Undefined when it is a link, or no directory. */
function enter(
  directory: LinuxDirectory,
  name: ByteName,
  taken: LinuxDirectory[],
): LinuxDirectory | undefined {
  try {
    const next = directory.child(name)
    taken.push(next)
    return next
  } catch (error) {
    if (error instanceof HostError && error.code === 'not-directory') return undefined
    throw error
  }
}

/** Undefined when it is no link. */
function linkTarget(directory: LinuxDirectory, name: ByteName): Buffer | undefined {
  if (statIn(directory, name).kind !== 'link') return undefined
  return systemCall(() => readlinkSync(directory.pathOf(name), 'buffer'))
}

/** @throws HostError */
export function statIn(directory: LinuxDirectory, name: ByteName): FileStat {
  return systemCall(() => fileStatOf(lstatSync(directory.pathOf(name), { bigint: true })))
}

/** The path of a directory below the root that it was reached from. */
export function pathBelowRoot(place: Place): ByteName {
  const components: ByteName[] = place.name === self ? [] : [place.name]
  for (
    let directory: LinuxDirectory | undefined = place.directory;
    directory?.parent !== undefined;
    directory = directory.parent
  ) {
    components.push(directory.name)
  }
  return joinPath(components.reverse())
}

/** Goes down a path that holds no link anywhere.
 *  @throws HostError, `not-directory` at a link too */
export function directoryAt(root: LinuxDirectory, path: Buffer): LinuxDirectory {
  const taken: LinuxDirectory[] = []
  try {
    let directory = root
    for (const name of splitPath(path)) {
      if (name === self || name === '..') throw new HostError('not-found')
      directory = directory.child(name)
      taken.push(directory)
    }
    taken.pop()
    return directory
  } finally {
    for (const directory of taken) directory.release()
  }
}

function rootOf(directory: LinuxDirectory): LinuxDirectory {
  let root = directory
  while (root.parent !== undefined) root = root.parent
  return root
}
