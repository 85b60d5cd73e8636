import { mkdir, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MigError } from '../core/error.ts'
import { openBallast } from './ballast.ts'
import { isWhole, openValue, sealValue } from './checked-value.ts'
import { assertKey } from './keyspace.ts'
import { failureOf, type LevelDatabase, storeError } from './level-database.ts'
import { LevelHandle } from './level-handle.ts'
import type { Change, Range, Store } from './store.ts'
import { noteDamage } from './store-marker.ts'
import { type Opening, openExpected } from './store-opening.ts'
import { createWriteQueue, type Operation } from './write-queue.ts'

/** A store in a directory of its own. Beside it stand `<directory>.id`, `<directory>.ballast` and, after a repair,
 *  `<directory>.damaged-<n>`. Nothing else of this process may open the files inside, `LOCK` least of all. */
export interface LevelStore extends Store {
  readonly opening: Opening
  /** Reads every record. Where one is damaged, the next opening repairs.
   *  @throws MigError `store-damaged` where LevelDB itself cannot read on */
  check(): Promise<StoreCheck>
}

export interface StoreCheck {
  readonly records: number
  /** How many of them are not what was written. */
  readonly damaged: number
}

export interface LevelStoreOptions {
  /** Never make an empty store: `not-found` where there is none, `store-damaged` where one has vanished. */
  readonly mustExist?: boolean
}

/** The real paths that this process has open. LevelDB must not even be asked twice: a second open that it refuses
 *  silently drops the system's lock of the first, and another process could then write into a live store. */
const openPaths = new Set<string>()

/** Opens the store, or makes it.
 *  @throws MigError `state-in-use` when this or another process has it open · `store-damaged` when it cannot be repaired ·
 *    `disk-full` · `state-mode` · `not-found` */
export async function openLevelStore(
  directory: string,
  options: LevelStoreOptions = {},
): Promise<LevelStore> {
  const path = await realPathOf(directory, options.mustExist === true)
  if (openPaths.has(path)) {
    throw new MigError('state-in-use', `the store ${path} is open in this process already`)
  }
  openPaths.add(path)
  try {
    const markerPath = `${path}.id`
    const { database, opening, settlement } = await openExpected(path, markerPath, options.mustExist === true)
    const ballast = await openBallast(`${path}.ballast`)
    await ballast.take()
    return new OpenLevelStore(path, markerPath, new LevelHandle(path, database, ballast), opening, settlement)
  } catch (error) {
    openPaths.delete(path)
    throw error
  }
}

class OpenLevelStore implements LevelStore {
  readonly opening: Opening
  readonly #path: string
  readonly #markerPath: string
  readonly #handle: LevelHandle
  readonly #queue = createWriteQueue((operations, sync) => this.#commit(operations, sync))
  #settlement: Operation | undefined
  #closing: Promise<void> | undefined

  constructor(
    path: string,
    markerPath: string,
    handle: LevelHandle,
    opening: Opening,
    settlement: Operation | undefined,
  ) {
    this.#path = path
    this.#markerPath = markerPath
    this.#handle = handle
    this.opening = opening
    this.#settlement = settlement
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    assertKey(key)
    for (;;) {
      const database = await this.#handle.use()
      try {
        const sealed = (await database.get(key)) as Uint8Array | undefined
        return sealed === undefined ? undefined : openValue(key, sealed)
      } catch (error) {
        // A write that failed meanwhile has closed this handle; the next one has the same records.
        if (failureOf(error) === 'closed' && !this.#handle.isCurrent(database)) continue
        throw await this.#noteDamage(error)
      }
    }
  }

  async write(changes: readonly Change[], { sync }: { readonly sync: boolean }): Promise<void> {
    const operations = changes.map(operationOf)
    if (this.#closing !== undefined) throw new MigError('internal', 'the store is closed')
    if (operations.length > 0) await this.#queue.push(operations, sync)
  }

  async *entries(range: Range): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    for await (const [key, sealed] of this.#walk((database) => database.iterator(boundsOf(range)))) {
      if (!isWhole(key, sealed)) await noteDamage(this.#markerPath)
      yield [key, openValue(key, sealed)]
    }
  }

  async *keys(range: Range): AsyncGenerator<string> {
    yield* this.#walk((database) => database.keys(boundsOf(range)))
  }

  async check(): Promise<StoreCheck> {
    let records = 0
    let damaged = 0
    for await (const [key, sealed] of this.#walk((database) => database.iterator({ gte: leastKey }))) {
      records++
      if (!isWhole(key, sealed)) damaged++
    }
    if (damaged > 0) await noteDamage(this.#markerPath)
    return { records, damaged }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#queue.drained()
    await this.#handle.close()
    openPaths.delete(this.#path)
  }

  async #commit(operations: readonly Operation[], sync: boolean): Promise<void> {
    const settlement = sync ? this.#settlement : undefined
    await this.#handle.commit(settlement === undefined ? operations : [...operations, settlement], sync)
    if (settlement !== undefined) this.#settlement = undefined
  }

  async *#walk<T>(start: (database: LevelDatabase) => Cursor<T>): AsyncGenerator<T> {
    const database = await this.#handle.use()
    const cursor = start(database)
    try {
      for (;;) {
        const item = await this.#next(cursor, database)
        if (item === undefined) return
        yield item
      }
    } finally {
      await cursor.close()
    }
  }

  async #next<T>(cursor: Cursor<T>, database: LevelDatabase): Promise<T | undefined> {
    try {
      return await cursor.next()
    } catch (error) {
      if (failureOf(error) !== 'closed') throw await this.#noteDamage(error)
      // A snapshot cannot outlive its handle. `use` says so itself when the store was closed.
      if (!this.#handle.isCurrent(database)) await this.#handle.use()
      throw new MigError('disk-full', 'the disk became full while records were read', {
        hint: 'read again',
        cause: error,
      })
    }
  }

  /** Remembers beside the store that the next opening must repair it. */
  async #noteDamage(error: unknown): Promise<MigError> {
    const seen = storeError(this.#path, error)
    const isDamage =
      error instanceof MigError ? error.code === 'store-damaged' : failureOf(error) === 'corrupt'
    if (isDamage) await noteDamage(this.#markerPath)
    return seen
  }
}

interface Cursor<T> {
  next(): Promise<T | undefined>
  close(): Promise<void>
}

function operationOf(change: Change): Operation {
  if ('delete' in change) {
    assertKey(change.delete)
    return { type: 'del', key: change.delete }
  }
  assertKey(change.put)
  return { type: 'put', key: change.put, value: sealValue(change.put, change.value) }
}

/** The store's own records lie below. */
const leastKey = '!'

function boundsOf({ from, to, limit = -1, reverse = false }: Range) {
  return { gte: from < leastKey ? leastKey : from, lt: to, limit, reverse }
}

async function realPathOf(directory: string, mustExist: boolean): Promise<string> {
  const path = resolve(directory)
  if (mustExist) {
    // A store that vanished may have left its marker, beside a directory that is gone.
    const parent = await realpath(dirname(path)).catch(() => undefined)
    if (parent === undefined) throw new MigError('not-found', `there is no store at ${path}`)
  } else {
    await mkdir(path, { recursive: true, mode: 0o700 })
  }
  return await realpath(path).catch(() => path)
}
