import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Instant } from '../core/clock.ts'
import { codeOf } from '../core/error.ts'
import { type Heartbeat, isLaterHeartbeat } from '../core/heartbeat.ts'
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
  /** The number of the next heartbeat, synced before it is given out: whatever this gate has said of itself stands in its store, unless
   *  the store is an older copy. On a full disk it is given out all the same; the next start may then take itself for a copy. */
  nextBeat(): Promise<Beat>
  /** A heartbeat of this agent's own that others hold. When it is later than all that this gate knows to have said, the whole machine was
   *  restored from a copy, the file outside too: then the birth is set as after any rollback, and `boot` jumps over that heartbeat.
   *  Not while something is being accepted.
   *  @returns whether that is so */
  heardOf(beat: Beat, remembered: readonly string[], now: Instant): Promise<boolean>
}

/** Heartbeats of one agent are ordered by it (protocol 6.5). */
export type Beat = Pick<Heartbeat, 'boot' | 'seq'>

const beatSchema = z.object({ boot: z.int(), seq: z.int() })
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
  const wasBehind = !isFirst && (state.storeLost || !isWhole)
  let rolledBack = wasBehind
  let birth = (
    rolledBack ? Math.max(held?.birth ?? 0, plusSeconds(now, clockToleranceSeconds)) : (held?.birth ?? 0)
  ) as Instant
  /** What the store is known to hold. */
  let step = Math.max(held?.step ?? 0, counted?.step ?? 0)
  // Every start is a step, so no start ever had a number above the steps. Heartbeats are ordered by it (protocol 6.5).
  let boot = (rolledBack ? Math.max(held?.boot ?? 0, step) : (held?.boot ?? 0)) + 1
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
  const beatBytes = await store.get(gateMeta('beat'))
  /** The latest of the starts before this one. */
  let before = beatBytes === undefined ? undefined : beatSchema.safeParse(decodeRecord(beatBytes)).data
  let seq = 0
  const keepBeat = (beat: Beat) =>
    store.write([{ put: gateMeta('beat'), value: encodeRecord(beat) }], { sync: true })

  await store.write([propose(found)], { sync: true })
  await confirm()
  return {
    get boot() {
      return boot
    },
    get rolledBack() {
      return rolledBack
    },
    get birth() {
      return birth
    },
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
    async nextBeat() {
      const beat = { boot, seq: seq++ }
      try {
        await keepBeat(beat)
      } catch (error) {
        if (codeOf(error) !== 'disk-full') throw error
      }
      return beat
    },
    async heardOf(beat, remembered, now) {
      const isAhead = beat.boot > boot || (beat.boot === boot && beat.seq >= seq)
      // Of an earlier start, and later than the last that this store knows of. A store that was found behind has its fence already.
      const isForgotten =
        beat.boot < boot && before !== undefined && isLaterHeartbeat(beat, before) && !wasBehind
      if (!isAhead && !isForgotten) return false
      rolledBack = true
      birth = Math.max(birth, plusSeconds(now, clockToleranceSeconds)) as Instant
      if (isAhead) {
        boot = beat.boot + 1
        seq = 0
      }
      before = beat
      // No start may ever have had a number above the steps.
      proposed = Math.max(proposed, boot)
      await store.write([propose(remembered)], { sync: true })
      await confirm()
      await keepBeat(isLaterHeartbeat({ boot, seq: 0 }, beat) ? { boot, seq: 0 } : beat)
      return true
    },
  }
}

function digestOf(ids: readonly string[]): string {
  return createHash('sha256')
    .update([...ids].sort().join(' '))
    .digest('hex')
    .slice(0, 32)
}
