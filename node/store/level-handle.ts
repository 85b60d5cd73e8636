import { MigError } from '../core/error.ts'
import { ballastBytes, maxWriteGroupBytes } from '../core/limits.ts'
import type { Ballast } from './ballast.ts'
import { diskSpace } from './disk-space.ts'
import { failureOf, type LevelDatabase, openDatabase, storeError } from './level-database.ts'
import { type Operation, sizeOf } from './write-queue.ts'

/** Keeps a database usable over failed writes. After one, LevelDB refuses every later write of that handle, though
 *  nothing acknowledged is lost: only closing and opening again helps, and that needs room on the disk. */
export class LevelHandle {
  readonly #directory: string
  readonly #ballast: Ballast
  #database: LevelDatabase | undefined
  #reopening: Promise<LevelDatabase> | undefined
  /** Restores what stood there before a write that failed but may still be found in the log. */
  #undo: readonly Operation[] = []
  #isClosed = false

  constructor(directory: string, database: LevelDatabase, ballast: Ballast) {
    this.#directory = directory
    this.#database = database
    this.#ballast = ballast
  }

  /** The open database; opens it again first where a failed write has closed it.
   *  @throws MigError `disk-full` · `store-damaged` · `internal` after `close` */
  async use(): Promise<LevelDatabase> {
    if (this.#isClosed) throw new MigError('internal', 'the store is closed')
    if (this.#database !== undefined) return this.#database
    this.#reopening ??= this.#track(this.#reopen())
    try {
      return await this.#reopening
    } catch (error) {
      throw storeError(this.#directory, error)
    }
  }

  isCurrent(database: LevelDatabase): boolean {
    return !this.#isClosed && this.#database === database
  }

  /** All or nothing. Called once at a time. When it throws, the batch is not there, now or after a restart.
   *  @throws MigError `disk-full` · `store-damaged` */
  async commit(operations: readonly Operation[], sync: boolean): Promise<void> {
    const database = await this.use()
    await this.#assertRoom(operations)
    try {
      await database.batch([...operations], { sync })
    } catch (error) {
      await this.#recover(database, operations, failureOf(error) === 'full')
      throw storeError(this.#directory, error)
    }
    await this.#ballast.take()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const database = this.#database ?? (await this.#reopening?.catch(() => undefined))
    this.#database = undefined
    await database?.close()
  }

  /** Small writes are let through while the ballast is there. Without it, its room is left free, so that the database
   *  can always be opened again; deletions may use that room, because they make more. */
  async #assertRoom(operations: readonly Operation[]): Promise<void> {
    const sizeBytes = sizeOf(operations)
    const isLarge = sizeBytes > maxWriteGroupBytes
    if (this.#ballast.isThere() && !isLarge) return
    if (operations.every((operation) => operation.type === 'del')) return
    // A large batch stands in the log and then in a table before the log goes.
    const neededBytes = (this.#ballast.isThere() ? 0 : ballastBytes) + (isLarge ? 2 * sizeBytes : 0)
    const { availableBytes } = await diskSpace(this.#directory)
    if (availableBytes >= neededBytes) return
    throw new MigError(
      'disk-full',
      `${availableBytes} bytes are left for the store ${this.#directory}, ${neededBytes} are needed`,
      {
        hint: 'free some space; the store goes on by itself',
      },
    )
  }

  async #recover(database: LevelDatabase, operations: readonly Operation[], isFull: boolean): Promise<void> {
    this.#database = undefined
    const recovery = async () => {
      // A failed handle still reads, and does not show the failed batch. Where even that fails, there is nothing to restore.
      this.#undo = await valuesBefore(database, operations).catch(() => [])
      await database.close()
      // Not before the close: it flushes once more, and that must fail as it did before.
      if (isFull) await this.#ballast.release()
      return await this.#reopen()
    }
    this.#reopening = this.#track(recovery())
    // The next call tries again and tells why it cannot.
    await this.#reopening.catch(() => undefined)
  }

  async #reopen(): Promise<LevelDatabase> {
    const database = await openDatabase(this.#directory, false)
    try {
      await rollBack(database, this.#undo)
      this.#undo = []
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  }

  async #track(opening: Promise<LevelDatabase>): Promise<LevelDatabase> {
    try {
      this.#database = await opening
      return this.#database
    } finally {
      this.#reopening = undefined
    }
  }
}

async function valuesBefore(database: LevelDatabase, operations: readonly Operation[]): Promise<Operation[]> {
  const keys = [...new Set(operations.map(({ key }) => key))]
  const values = await database.getMany(keys)
  return keys.map((key, index) => {
    const value = values[index] as Uint8Array | undefined
    return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
  })
}

/** A sync that fails leaves the batch in the log, where the next opening finds it; its writer was told that it is not there. */
async function rollBack(database: LevelDatabase, undo: readonly Operation[]): Promise<void> {
  if (undo.length === 0) return
  const found = await valuesBefore(database, undo)
  if (undo.every((before, index) => isSame(before, found[index]))) return
  await database.batch([...undo], { sync: true })
}

function isSame(a: Operation, b: Operation | undefined): boolean {
  if (b === undefined || a.type !== b.type) return false
  return a.type === 'del' || (b.type === 'put' && Buffer.compare(a.value, b.value) === 0)
}
