import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { codeOf, MigError } from '../core/error.ts'
import { readPrivateFile, replaceFile, syncDirectory, writePrivateFile } from './private-file.ts'
import { assertPrivate } from './private-mode.ts'

export type StateRole = 'agent' | 'investigator' | 'relay' | 'gate'

/** One node's private directory: its keys, its counters and its store. */
export interface StateDirectory {
  /** Absolute. */
  readonly path: string
  readonly role: StateRole
  /** For `openLevelStore`. */
  readonly storeDirectory: string
  /** The path of a file directly inside.
   *  @throws RangeError for a name with anything but letters, digits, dots and hyphens */
  file(name: string): string
  /** Undefined when there is no such file.
   *  @throws MigError `state-mode` · `too-large` */
  read(name: string): Promise<Uint8Array | undefined>
  /** @throws MigError `bad-input` when it exists · `disk-full`
   *  @see writePrivateFile */
  create(name: string, bytes: Uint8Array): Promise<void>
  /** @see replaceFile */
  replace(name: string, bytes: Uint8Array): Promise<void>
}

/** Opens a node's state directory and makes it, with its parents, when it is not there. A directory belongs to one role for ever.
 *  @throws MigError `state-mode` when others may touch it · `usage` when it belongs to another role */
export async function openStateDirectory(path: string, role: StateRole): Promise<StateDirectory> {
  const directory = resolve(path)
  await openPrivateDirectory(directory)
  const file = (name: string) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/.test(name))
      throw new RangeError(`'${name}' is no name for a state file`)
    return join(directory, name)
  }
  const read = async (name: string) => {
    try {
      return await readPrivateFile(file(name))
    } catch (error) {
      if (error instanceof MigError && error.code === 'not-found') return undefined
      throw error
    }
  }
  const create = (name: string, bytes: Uint8Array) => writePrivateFile(file(name), bytes)
  const replace = (name: string, bytes: Uint8Array) => replaceFile(file(name), bytes)

  const marked = await read('role')
  if (marked === undefined) await create('role', utf8(`${role}\n`))
  else assertRole(directory, role, utf8Decode(marked)?.trim())
  return { path: directory, role, storeDirectory: join(directory, 'store'), file, read, create, replace }
}

/** Makes a directory of mode 0700, or checks that the one there is this user's alone.
 *  @throws MigError `state-mode` with the command that mends it */
export async function openPrivateDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') {
      throw new MigError('state-mode', `${directory} is not a directory`, { cause: error })
    }
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' || codeOf(error) === 'EROFS') {
      throw new MigError('state-mode', `${directory} cannot be made: no permission`, {
        hint: 'choose another state directory, or make it for this user with mode 700',
        cause: error,
      })
    }
    throw error
  })
  // A key file survives a power cut only if every new directory above it does.
  if (firstMade !== undefined) {
    for (let made = directory; made.length >= firstMade.length; made = dirname(made))
      await syncDirectory(dirname(made))
  }
  assertPrivate('state directory', directory, await stat(directory))
}

function assertRole(directory: string, role: StateRole, marked: string | undefined): void {
  if (marked === role) return
  throw new MigError(
    'usage',
    `state directory ${directory} belongs to role '${marked ?? '?'}', not to '${role}'`,
    {
      hint: 'give each node a state directory of its own',
    },
  )
}
