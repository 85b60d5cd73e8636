import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, MigError, messageOf } from '../../node/core/error.ts'
import { maxBundleBytes } from '../../node/core/limits.ts'
import { syncDirectory } from '../../node/store/private-file.ts'

/** Opens a bundle to be read. The name says nothing; only what is in it counts.
 *  @throws MigError `not-found`, `bad-input`, `too-large` */
export async function openBundle(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    // Opening a FIFO would wait for ever.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new MigError('not-found', `${path} does not exist`, { cause: error })
    throw new MigError('bad-input', `${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const stats = await file.stat()
  const fault = !stats.isFile()
    ? new MigError('bad-input', `${path} is not a file`)
    : stats.size > maxBundleBytes
      ? new MigError('too-large', `${path} has ${stats.size} bytes, a bundle has at most ${maxBundleBytes}`)
      : undefined
  if (fault === undefined) return file
  await file.close()
  throw fault
}

/** Writes a file of mode 0600 under another name first, so that nobody carries away half a bundle.
 *  @param fill gets the open file
 *  @throws MigError `bad-input` when there is a file already and `replace` is false */
export async function writeBundleFile<T>(
  path: string,
  replace: boolean,
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  if (!replace && (await stat(path).catch(() => undefined)) !== undefined)
    throw new MigError('bad-input', `${path} exists`, { hint: 'another name, or --force' })
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  const flags =
    constants.O_CREAT |
    constants.O_EXCL |
    constants.O_RDWR |
    ((constants.O_NOFOLLOW as number | undefined) ?? 0)
  const file = await open(temporary, flags, 0o600).catch((error: unknown) => {
    throw new MigError('bad-input', `${dirname(path)} cannot be written to: ${messageOf(error)}`, {
      cause: error,
    })
  })
  try {
    const filled = await fill(file)
    // A stick is pulled out as soon as the command says that it is done.
    await file.sync()
    await file.close()
    await rename(temporary, path)
    await syncDirectory(dirname(path))
    return filled
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    if (codeOf(error) === 'ENOSPC')
      throw new MigError('disk-full', `no room for ${path}`, {
        hint: 'choose less: --action ID, --since 1d',
        cause: error,
      })
    throw error
  }
}
