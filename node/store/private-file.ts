import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, MigError, messageOf } from '../core/error.ts'
import { maxPrivateFileBytes } from '../core/limits.ts'
import { isDiskFull } from './disk-space.ts'
import { assertPrivate } from './private-mode.ts'

/** Makes a file of mode 0600 that was not there. When this returns, it survives a power cut; when it does not
 *  return, there is no half of it.
 *  @throws MigError `bad-input` when the file exists: keys are never overwritten; `disk-full` */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporary(path, bytes)
  try {
    await linkOrCreate(temporary, path, bytes)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new MigError('bad-input', `${path} exists and is never overwritten`)
    throw fileError(path, error)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(path))
}

/** Puts new content, mode 0600, in place of whatever is there. After a power cut either the old or the new file is there, whole.
 *  @throws MigError `disk-full` */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporary(path, bytes)
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw fileError(path, error)
  }
  await syncDirectory(dirname(path))
}

/** Reads a private file. Links are not followed.
 *  @throws MigError `not-found` · `state-mode` when others may touch it · `too-large` */
export async function readPrivateFile(path: string, maxBytes = maxPrivateFileBytes): Promise<Uint8Array> {
  let file: FileHandle
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for ever.
    file = await open(path, constants.O_RDONLY | flag('O_NOFOLLOW') | flag('O_NONBLOCK'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new MigError('not-found', `${path} does not exist`, { cause: error })
    if (codeOf(error) === 'ELOOP')
      throw new MigError('state-mode', `${path} is a link, expected a file`, { cause: error })
    throw fileError(path, error)
  }
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new MigError('state-mode', `${path} is not a file`)
    assertPrivate('private file', path, stats)
    if (stats.size > maxBytes)
      throw new MigError('too-large', `${path} has ${stats.size} bytes, at most ${maxBytes} are read`)
    const buffer = new Uint8Array(stats.size)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** Makes what was created, renamed or removed in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory for this and writes its directory through a journal.
  if (process.platform === 'win32') return
  const handle = await open(directory, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeTemporary(path: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  try {
    await createWhole(temporary, bytes)
  } catch (error) {
    throw fileError(path, error)
  }
  return temporary
}

/** A link appears whole or not at all, and never over another file. Some file systems (FAT, shared folders) have none. */
async function linkOrCreate(temporary: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? '')) throw error
    await createWhole(path, bytes)
  }
}

async function createWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(
    path,
    constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | flag('O_NOFOLLOW'),
    0o600,
  )
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Flags that Windows does not have are undefined there, whatever the types say. */
function flag(name: 'O_NOFOLLOW' | 'O_NONBLOCK'): number {
  return constants[name] ?? 0
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof MigError) return error
  if (isDiskFull(error)) {
    return new MigError('disk-full', `no room on the disk for ${path}`, {
      hint: 'free some space, then try again',
      cause: error,
    })
  }
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') {
    return new MigError('state-mode', `no permission for ${path}`, {
      hint: 'run mig as the owner of the state directory',
      cause: error,
    })
  }
  return new MigError('internal', `${path}: ${messageOf(error)}`, { cause: error })
}
