import type { FileStat, Host, OpenDirectory } from '../../host/host.ts'
import { problemOf } from '../../host-problem.ts'
import { type BytePath, baseOf, bytesOf, directoryOf } from '../file-path.ts'
import type { FileVisit, Visitor, Work } from '../visit.ts'
import type { WalkScope } from './scopes.ts'

/** What a search path turned out to be: a directory to be walked, and the work that testing it takes. */
export interface Root {
  readonly tree?: { readonly directory: OpenDirectory; readonly real: BytePath }
  readonly work?: Work | undefined
}

/** Looks at a search path itself. A file is tested, whatever its kind, but never read unless it is regular. A link to a file is
 *  tested as the file it leads to, under that file's path; a link to a directory is reported, tested as a link and not entered. */
export function visitRoot(
  host: Host,
  path: BytePath,
  scopes: readonly number[],
  all: readonly WalkScope[],
  visitor: Visitor,
): Root {
  try {
    const own = host.stat(bytesOf(path), false)
    if (own.kind === 'directory') {
      // Links on the way there are followed once: walks go without any, and by this path other threads find it.
      const real = realPath(host, path)
      const tree = { directory: host.openDirectory(bytesOf(real), 'refuse'), real }
      const testing = scopes.filter((scope) => all[scope]?.kinds?.has('directory') === true)
      return testing.length === 0
        ? { tree }
        : { tree, work: visitor.file(fileVisit(host, path, testing, own)) }
    }
    if (own.kind !== 'link') return { work: visitor.file(fileVisit(host, path, scopes, own)) }
    const target = host.stat(bytesOf(path), true)
    if (target.kind === 'directory') {
      visitor.problem('symlink-not-followed', path, false)
      return { work: visitor.file(fileVisit(host, path, scopes, own)) }
    }
    return { work: visitor.file(fileVisit(host, realPath(host, path), scopes, target)) }
  } catch (error) {
    visitor.problem(problemOf(error, path).code, path, true)
    return {}
  }
}

function realPath(host: Host, path: BytePath): BytePath {
  return Buffer.from(host.realPath(bytesOf(path))).toString('latin1')
}

function fileVisit(host: Host, path: BytePath, scopes: readonly number[], stat: FileStat): FileVisit {
  return {
    scopes,
    directory: directoryOf(path),
    name: baseOf(path),
    isRegular: stat.kind === 'file',
    kind: stat.kind,
    // Whatever file system it lies on.
    endsShort: false,
    stat: () => stat,
    open: () => host.open(bytesOf(path)),
  }
}
