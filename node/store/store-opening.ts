import { readdir } from 'node:fs/promises'
import { codeOf, MigError } from '../core/error.ts'
import { maxRepairAttempts } from '../core/limits.ts'
import { isWhole, openValue, sealValue } from './checked-value.ts'
import { failureOf, type LevelDatabase, openDatabase, repairDatabase, storeError } from './level-database.ts'
import { copyAside } from './quarantine.ts'
import {
  decodeIdentity,
  encodeIdentity,
  newIdentity,
  readMarker,
  type StoreIdentity,
  type StoreMarker,
  writeMarker,
} from './store-marker.ts'
import type { Operation } from './write-queue.ts'

/** What was found when a store was opened. The last two are told again at each opening until something has been
 *  written with `sync`: a caller puts what it concludes from them (protocol 7.1 `birth`) into its first synced write. */
export interface Opening {
  /** A new, empty store, where none had been. */
  readonly wasCreated: boolean
  /** There had been a store, but this one is empty, or is another one. */
  readonly wasLost: boolean
  /** The store was damaged: what is here was rebuilt and may lack records or hold deleted ones. */
  readonly wasRepaired: boolean
  /** Where this opening has put a copy of the damaged store. */
  readonly quarantine: string | undefined
}

export interface OpenedDatabase {
  readonly database: LevelDatabase
  readonly opening: Opening
  /** To go into the first synced batch; it settles the opening. Undefined when there is nothing to settle. */
  readonly settlement: Operation | undefined
}

/** Below every key that `assertKey` lets through. */
const identityKey = '\x00identity'

/** Opens the database that the marker beside it stands for, and repairs it where it must.
 *  @param mustExist never makes an empty database
 *  @throws MigError `not-found` · `store-damaged` · `state-in-use` · `state-mode` · `disk-full` */
export async function openExpected(
  directory: string,
  markerPath: string,
  mustExist: boolean,
): Promise<OpenedDatabase> {
  const marker = await readMarker(markerPath)
  try {
    const sound = marker?.repairAttempts === undefined ? await openSound(directory) : 'damaged'
    if (sound === 'damaged') return await openRepaired(directory, markerPath, marker)
    if (sound !== 'nothing') return await judge(sound, markerPath, marker, undefined)
    if (!mustExist) return await judge(await openDatabase(directory, true), markerPath, marker, undefined)
  } catch (error) {
    throw storeError(directory, error)
  }
  if (marker === undefined) throw new MigError('not-found', `there is no store at ${directory}`)
  throw new MigError('store-damaged', `the store ${directory} has vanished`, {
    hint: 'restore it, or start the node: it begins an empty store and asks its neighbours for the rest',
  })
}

async function openSound(directory: string): Promise<LevelDatabase | 'nothing' | 'damaged'> {
  if (!(await hasRemains(directory))) return 'nothing'
  try {
    const database = await openDatabase(directory, false)
    // Reads once, so that damage to the tables' index shows now and not to the first caller.
    await closeOnFailure(database, () => readIdentity(database))
    return database
  } catch (error) {
    const failure = failureOf(error)
    if (failure === 'missing' || failure === 'corrupt') return 'damaged'
    throw error
  }
}

async function openRepaired(
  directory: string,
  markerPath: string,
  marker: StoreMarker | undefined,
): Promise<OpenedDatabase> {
  const attempts = marker?.repairAttempts ?? 0
  if (attempts >= maxRepairAttempts) {
    throw new MigError(
      'store-damaged',
      `the store ${directory} could not be repaired in ${attempts} attempts`,
      {
        hint: `move ${directory} away; the node then begins an empty store`,
      },
    )
  }
  // The first attempt makes the copy; a later one must not copy what the earlier one left half done.
  const quarantine = attempts === 0 ? await copyAside(directory) : undefined
  const { id } = marker ?? newIdentity()
  const repaired: StoreMarker = {
    id,
    repairs: (marker?.repairs ?? 0) + (attempts === 0 ? 1 : 0),
    repairAttempts: attempts + 1,
  }
  await writeMarker(markerPath, repaired)
  await repairDatabase(directory)
  const database = await openDatabase(directory, false)
  await closeOnFailure(database, async () => {
    await dropUnreadable(database)
    await writeMarker(markerPath, { ...repaired, repairAttempts: undefined })
  })
  return await judge(database, markerPath, repaired, quarantine)
}

/** Compares the identity inside the database with the one that its marker expects. */
async function judge(
  database: LevelDatabase,
  markerPath: string,
  marker: StoreMarker | undefined,
  quarantine: string | undefined,
): Promise<OpenedDatabase> {
  const nothing: Opening = { wasCreated: false, wasLost: false, wasRepaired: false, quarantine }
  return await closeOnFailure(database, async () => {
    const found = await readIdentity(database)
    const isEmpty = found === undefined && (await isWithoutRecords(database))
    if (marker === undefined) {
      const identity = found ?? newIdentity()
      // The database first: a marker without its database would tell of a loss.
      if (isEmpty) await database.batch([identityRecord(identity)], { sync: true })
      await writeMarker(markerPath, { ...identity, repairAttempts: undefined })
      if (isEmpty) return { database, opening: { ...nothing, wasCreated: true }, settlement: undefined }
      if (found !== undefined) return { database, opening: nothing, settlement: undefined }
      return { database, opening: { ...nothing, wasRepaired: true }, settlement: identityRecord(identity) }
    }
    if (found?.id === marker.id && found.repairs === marker.repairs)
      return { database, opening: nothing, settlement: undefined }
    const wasLost = isEmpty || (found !== undefined && found.id !== marker.id)
    const wasRepaired = quarantine !== undefined || !wasLost
    return { database, opening: { ...nothing, wasLost, wasRepaired }, settlement: identityRecord(marker) }
  })
}

function identityRecord(identity: StoreIdentity): Operation {
  return { type: 'put', key: identityKey, value: sealValue(identityKey, encodeIdentity(identity)) }
}

async function readIdentity(database: LevelDatabase): Promise<StoreIdentity | undefined> {
  const sealed = (await database.get(identityKey)) as Uint8Array | undefined
  if (sealed === undefined || !isWhole(identityKey, sealed)) return undefined
  return decodeIdentity(openValue(identityKey, sealed))
}

async function isWithoutRecords(database: LevelDatabase): Promise<boolean> {
  for await (const _ of database.keys({ limit: 1 })) return false
  return true
}

/** A repair keeps records whose bytes have changed; they must not be found again. The copy aside still has them. */
async function dropUnreadable(database: LevelDatabase): Promise<void> {
  for await (const [key, sealed] of database.iterator()) {
    if (!isWhole(key, sealed)) await database.batch([{ type: 'del', key }], { sync: false })
  }
}

/** Is there anything of a database? Asked before LevelDB is, because asking LevelDB leaves files behind. */
async function hasRemains(directory: string): Promise<boolean> {
  try {
    const names = await readdir(directory)
    return names.some((name) => /^(CURRENT|MANIFEST-\d+|\d+\.(ldb|sst|log))$/.test(name))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function closeOnFailure<T>(database: LevelDatabase, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    await database.close()
    throw error
  }
}
