import { MigError } from '../../../node/core/error.ts'
import { compileRegex } from '../../../node/core/regex.ts'
import { type Host, HostError } from '../../host/host.ts'
import { decodeLossy } from '../decode-lossy.ts'
import { type BytePath, bytesOf, cleanPath, isAbsolutePath, join, toBytePath } from '../file-path.ts'
import type { Accounts } from './accounts.ts'

const everyHome = '~*'

/** An absolute path, or `~*` for every home directory, alone or with a path below.
 *  @throws MigError `bad-parameters` */
export function parsePath(path: string): void {
  if (path.includes('\0')) throw new MigError('bad-parameters', 'a path holds no NUL')
  if (isAbsolutePath(path) || path === everyHome || path.startsWith(`${everyHome}/`)) return
  throw new MigError(
    'bad-parameters',
    `search path '${path}' is relative; expected an absolute path such as /etc`,
  )
}

/** Where a search path leads on this endpoint. Homes that are not there, or lack what is looked for, are no fault.
 *  @returns undefined when the endpoint does not tell what homes it has */
export function rootsOf(path: string, host: Host, accounts: Accounts): readonly BytePath[] | undefined {
  if (path !== everyHome && !path.startsWith(`${everyHome}/`)) return [cleanPath(toBytePath(path))]
  const below = cleanPath(toBytePath(path.slice(everyHome.length)))
  const roots = accounts.homes()?.map((home) => (below === '/' ? home : join(home, below.slice(1))))
  return roots?.filter((root) => isThere(root, host))
}

function isThere(path: BytePath, host: Host): boolean {
  try {
    host.stat(bytesOf(path), false)
    return true
  } catch (error) {
    if (error instanceof HostError) return !['not-found', 'not-directory'].includes(error.code)
    throw error
  }
}

/** What a search leaves out: an absolute path with all that is below, or an expression that the path matches.
 *  @throws MigError `bad-parameters`, `bad-regex` */
export function parseExclude(text: string): (path: BytePath) => boolean {
  if (text === '') throw new MigError('bad-parameters', 'Empty values are not permitted')
  if (isAbsolutePath(text)) {
    const excluded = cleanPath(toBytePath(text))
    const inside = excluded === '/' ? '/' : `${excluded}/`
    return (path) => path === excluded || path.startsWith(inside)
  }
  const regex = compileRegex(text)
  return (path) => regex.test(decodeLossy(bytesOf(path)))
}

/** Undefined when nothing is left out. */
export function excluderOf(excludes: readonly string[]): ((path: BytePath) => boolean) | undefined {
  if (excludes.length === 0) return undefined
  const rules = excludes.map(parseExclude)
  return (path) => rules.some((rule) => rule(path))
}
