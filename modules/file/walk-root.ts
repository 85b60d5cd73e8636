import { type FileStat, type Host, HostError, type OpenDirectory } from '../host/host.ts'
import { type BytePath, baseOf, bytesOf, directoryOf } from './file-path.ts'
import { type FileVisit, problemVisit, type Visit } from './visit.ts'

/** Looks at a search path itself. A file is tested, whatever its kind, but never read unless it is regular. A link to a file is
 *  tested as the file it leads to, under that file's path; a link to a directory is reported, tested as a link and not entered.
 *  @returns the directory to be walked, if it is one */
export function* visitRoot(
  host: Host,
  path: BytePath,
  scopes: readonly number[],
): Generator<Visit, OpenDirectory | undefined> {
  try {
    const own = host.stat(bytesOf(path), false)
    if (own.kind === 'directory') return host.openDirectory(bytesOf(path))
    if (own.kind !== 'link') {
      yield fileVisit(host, path, scopes, own)
      return undefined
    }
    const target = host.stat(bytesOf(path), true)
    if (target.kind === 'directory') {
      yield problemVisit('symlink-not-followed', path, false)
      yield fileVisit(host, path, scopes, own)
      return undefined
    }
    const real = Buffer.from(host.realPath(bytesOf(path))).toString('latin1')
    yield fileVisit(host, real, scopes, target)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    yield problemVisit(error, path, true)
  }
  return undefined
}

function fileVisit(host: Host, path: BytePath, scopes: readonly number[], stat: FileStat): FileVisit {
  return {
    kind: 'file',
    scopes,
    directory: directoryOf(path),
    name: bytesOf(baseOf(path)),
    isRegular: stat.kind === 'file',
    stat: () => stat,
    open: () => host.open(bytesOf(path)),
  }
}
