import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Instant } from '../core/clock.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds } from '../core/limits.ts'
import { gateActionRange, gateMeta, keyParts } from '../store/keyspace.ts'
import type { Change, Store } from '../store/store.ts'
import { decodeRecord, encodeRecord } from './record.ts'

/** The second place for what must never go back: a small 0600 file outside the state directory. */
export interface OutsideMemory {
  read(): Promise<OutsideRecord | undefined>
  /** Synced before it returns. */
  write(record: OutsideRecord): Promise<void>
}

export interface OutsideRecord {
  readonly step: number
  /** Highest policy version ever taken. */
  readonly policyVersion: number
  /** Document id of that policy: another one of the same version is no successor. Absent before the first. */
  readonly policyHash?: string | undefined
  /** Whose count it is: an agent that is enrolled anew at the same path finds the file of the one before. */
  readonly peer?: string | undefined
}

/** Notices a restored or lost store (protocol 7.1). One counter, raised at every start and for every accepted action, stands in
 *  the store and outside the state directory. The store is written first, so it may be one ahead after a crash, but a store that
 *  is behind is an older copy: what it does not remember may have run. Beside the counter stands which actions are remembered:
 *  LevelDB opens a log in which a bit has changed without a word, and without the records of that block (security 4.3). */
export interface RollbackGuard {
  /** Starts of this gate; after a rollback it jumps ahead of every number that may have been used. */
  readonly boot: number
  readonly rolledBack: boolean
  /** Actions issued at or before it are refused; 0 for a store made together with its key. */
  readonly birth: Instant
  /** Goes into the same synced batch as what it protects.
   *  @param remembered ids of all actions that the store remembers once the batch is written */
  step(remembered: readonly string[]): Change
  /** Goes into the batch that only takes actions out: an older copy remembers more, which does no harm. */
  restate(remembered: readonly string[]): Change
  /** After that batch, and before anything runs. */
  confirm(): Promise<void>
  /** Highest policy version ever taken, and that policy, whatever the store says. */
  readonly policyVersion: number
  readonly policyHash: string | undefined
  confirmPolicy(version: number, hash: string): Promise<void>
}

const heldSchema = z.object({ boot: z.int(), step: z.int(), birth: z.int(), remembered: z.string() })
type Held = z.output<typeof heldSchema>

/** @param state.unborn the node's keys were just made and no gate has finished its first start on them
 *  @param state.storeLost the store was found empty under existing keys, or had to be repaired */
export async function openRollbackGuard(
  store: Store,
  outside: OutsideMemory,
  state: { readonly unborn: boolean; readonly storeLost: boolean; readonly peer: string },
  now: Instant,
): Promise<RollbackGuard> {
  const bytes = await store.get(gateMeta('steps'))
  const held = bytes === undefined ? undefined : heldSchema.safeParse(decodeRecord(bytes)).data
  const read = await outside.read()
  const counted = read?.peer === undefined || read.peer === state.peer ? read : undefined
  const found: string[] = []
  for await (const key of store.keys(gateActionRange())) found.push(...keyParts(key))
  const isFirst = state.unborn && counted === undefined
  const isWhole =
    held !== undefined &&
    counted !== undefined &&
    held.remembered === digestOf(found) &&
    (held.step === counted.step || held.step === counted.step + 1)
  const rolledBack = !isFirst && (state.storeLost || !isWhole)
  const birth = (
    rolledBack ? Math.max(held?.birth ?? 0, plusSeconds(now, clockToleranceSeconds)) : (held?.birth ?? 0)
  ) as Instant
  /** What the store is known to hold. */
  let step = Math.max(held?.step ?? 0, counted?.step ?? 0)
  // Every start is a step, so no start ever had a number above the steps. Heartbeats are ordered by it (protocol 6.5).
  const boot = (rolledBack ? Math.max(held?.boot ?? 0, step) : (held?.boot ?? 0)) + 1
  let proposed = step
  let policyVersion = counted?.policyVersion ?? 0
  let policyHash = counted?.policyHash
  let lastWrite: Promise<void> = Promise.resolve()

  const restate = (remembered: readonly string[]): Change => {
    const state: Held = { boot, step: proposed, birth, remembered: digestOf(remembered) }
    return { put: gateMeta('steps'), value: encodeRecord(state) }
  }
  const propose = (remembered: readonly string[]): Change => {
    proposed++
    return restate(remembered)
  }
  // One after another, each with what is true by then: a slow write must not put an older count over a newer one.
  const writeOutside = (): Promise<void> => {
    const write = () => outside.write({ step, policyVersion, policyHash, peer: state.peer })
    const written = lastWrite.then(write)
    lastWrite = written.catch(() => undefined)
    return written
  }
  const confirm = (): Promise<void> => {
    step = proposed
    return writeOutside()
  }
  await store.write([propose(found)], { sync: true })
  await confirm()
  return {
    boot,
    rolledBack,
    birth,
    step: propose,
    restate,
    confirm,
    get policyVersion() {
      return policyVersion
    },
    get policyHash() {
      return policyHash
    },
    confirmPolicy(version, hash) {
      policyVersion = version
      policyHash = hash
      return writeOutside()
    },
  }
}

function digestOf(ids: readonly string[]): string {
  return createHash('sha256')
    .update([...ids].sort().join(' '))
    .digest('hex')
    .slice(0, 32)
}
