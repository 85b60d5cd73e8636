import { randomBytes } from 'node:crypto'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { readPrivateFile, replaceFile } from './private-file.ts'

/** Says, beside a database, which database should stand there. LevelDB makes an empty one without a word where its
 *  CURRENT file has vanished; the marker is how that is noticed.
 *  The database holds the same identity in a record of its own. While the two differ, something happened to the
 *  database that nobody has acted on yet. */
export interface StoreMarker extends StoreIdentity {
  /** Damage was found and is to be repaired before the next use; so many attempts have begun. Undefined for a sound database. */
  readonly repairAttempts: number | undefined
}

export interface StoreIdentity {
  readonly id: string
  /** How often this database was repaired. */
  readonly repairs: number
}

export function newIdentity(): StoreIdentity {
  return { id: randomBytes(16).toString('hex'), repairs: 0 }
}

export function encodeIdentity({ id, repairs }: StoreIdentity): Uint8Array {
  return utf8(`${id} ${repairs}`)
}

export function decodeIdentity(bytes: Uint8Array): StoreIdentity | undefined {
  const match = /^([0-9a-f]{32}) (\d{1,9})$/.exec(utf8Decode(bytes) ?? '')
  return match?.[1] === undefined ? undefined : { id: match[1], repairs: Number(match[2]) }
}

/** Undefined when there is none. A marker that cannot be read stands for a database nobody knows. */
export async function readMarker(path: string): Promise<StoreMarker | undefined> {
  let text: string
  try {
    text = utf8Decode(await readPrivateFile(path)) ?? ''
  } catch (error) {
    if (error instanceof MigError && error.code === 'not-found') return undefined
    throw error
  }
  const [, identity = '', attempts] = /^(\S+ \S+)(?: damaged (\d))?\n$/.exec(text) ?? []
  return {
    ...(decodeIdentity(utf8(identity)) ?? newIdentity()),
    repairAttempts: attempts === undefined ? undefined : Number(attempts),
  }
}

export async function writeMarker(path: string, marker: StoreMarker): Promise<void> {
  const damage = marker.repairAttempts === undefined ? '' : ` damaged ${marker.repairAttempts}`
  await replaceFile(path, utf8(`${marker.id} ${marker.repairs}${damage}\n`))
}

/** Remembers that the next opening must repair. Best effort: the caller is about to throw what it has found, which
 *  tells more than that the disk is full as well. */
export async function noteDamage(path: string): Promise<void> {
  try {
    const marker = await readMarker(path)
    if (marker !== undefined && marker.repairAttempts === undefined)
      await writeMarker(path, { ...marker, repairAttempts: 0 })
  } catch {
    // Whoever reads the record again finds the damage again.
  }
}
