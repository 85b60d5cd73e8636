import { Level } from 'level'
import { codeOf, MigError, messageOf } from '../core/error.ts'
import { storeWriteBufferBytes } from '../core/limits.ts'
import { isDiskFull } from './disk-space.ts'

/** The only file that imports `level`. */
export type LevelDatabase = Level<string, Uint8Array>

/** Never call this for a directory that this process has open: LevelDB's failed second open closes its lock file, and
 *  with that the system drops the lock of the first.
 *  @param create makes an empty database where there is none; otherwise that throws */
export async function openDatabase(directory: string, create: boolean): Promise<LevelDatabase> {
  const database: LevelDatabase = new Level(directory, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    createIfMissing: create,
    writeBufferSize: storeWriteBufferBytes,
  })
  try {
    await database.open()
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Rebuilds what can be rebuilt from the tables and logs that are there, in place. */
export async function repairDatabase(directory: string): Promise<void> {
  // The types describe what `level` has in browsers too; there is no repair there.
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(directory)
}

export type DatabaseFailure = 'locked' | 'missing' | 'corrupt' | 'full' | 'forbidden' | 'closed' | 'other'

/** What a LevelDB error means; it tells most of it in a sentence only. */
export function failureOf(error: unknown): DatabaseFailure {
  if (isDiskFull(error)) return 'full'
  const codes: (string | undefined)[] = []
  let text = ''
  for (let current = error; current instanceof Error; current = current.cause) {
    codes.push(codeOf(current))
    text = messageOf(current)
  }
  if (codes.includes('LEVEL_LOCKED')) return 'locked'
  if (codes.includes('LEVEL_CORRUPTION')) return 'corrupt'
  if (text.includes('does not exist (create_if_missing is false)')) return 'missing'
  // CURRENT names a manifest, or the manifest a table, that is gone.
  if (codes.includes('LEVEL_IO_ERROR') && /No such file|cannot find the (file|path)/i.test(text))
    return 'corrupt'
  if (codes.includes('EACCES') || /Permission denied/.test(text)) return 'forbidden'
  if (codes.includes('LEVEL_DATABASE_NOT_OPEN') || codes.includes('LEVEL_ITERATOR_NOT_OPEN')) return 'closed'
  return 'other'
}

/** The error that callers of a store see. */
export function storeError(directory: string, error: unknown): MigError {
  if (error instanceof MigError) return error
  switch (failureOf(error)) {
    case 'full':
      return new MigError(
        'disk-full',
        `no room on the disk for the store ${directory}; nothing was written`,
        {
          hint: 'free some space; the store goes on by itself',
          cause: error,
        },
      )
    case 'locked':
      return new MigError('state-in-use', `the store ${directory} is in use`, {
        hint: 'another mig process is running on this state directory: stop it, or give this one another',
        cause: error,
      })
    case 'forbidden':
      return new MigError('state-mode', `no permission for the store ${directory}`, {
        hint: 'run mig as the owner of the state directory',
        cause: error,
      })
    case 'missing':
    case 'corrupt':
    case 'closed':
    case 'other':
      return new MigError('store-damaged', `the store ${directory} cannot be used: ${sentenceOf(error)}`, {
        hint: 'check the disk, then restart: a damaged store is copied aside and repaired at the start',
        cause: error,
      })
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? sentenceOf(error.cause) : messageOf(error)
}
