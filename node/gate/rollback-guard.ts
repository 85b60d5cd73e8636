import type { Instant } from '../core/clock.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds } from '../core/limits.ts'
import { gateMeta } from '../store/keyspace.ts'
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
}

/** Notices a restored or lost store (protocol 7.1). One counter, raised at every start and for every accepted action, stands in
 *  the store and outside the state directory. The store is written first, so it may be one ahead after a crash, but a store that
 *  is behind is an older copy: what it does not remember may have run. */
export interface RollbackGuard {
  /** Starts of this gate. */
  readonly boot: number
  readonly rolledBack: boolean
  /** Actions issued at or before it are refused; 0 for a store made together with its key. */
  readonly birth: Instant
  /** Goes into the same synced batch as what it protects. */
  step(): Change
  /** After that batch, and before anything runs. */
  confirm(): Promise<void>
  /** Highest policy version ever taken, whatever the store says. */
  readonly policyVersion: number
  confirmPolicy(version: number): Promise<void>
}

interface Held {
  readonly boot: number
  readonly step: number
  readonly birth: number
}

/** @param state.unborn the node's keys were just made and no gate has finished its first start on them
 *  @param state.storeLost the store was found empty under existing keys, or had to be repaired */
export async function openRollbackGuard(
  store: Store,
  outside: OutsideMemory,
  state: { readonly unborn: boolean; readonly storeLost: boolean },
  now: Instant,
): Promise<RollbackGuard> {
  const bytes = await store.get(gateMeta('steps'))
  const held = bytes === undefined ? undefined : (decodeRecord(bytes) as Held | undefined)
  const counted = await outside.read()
  const isFirst = state.unborn && counted === undefined
  const isWhole =
    held !== undefined &&
    counted !== undefined &&
    (held.step === counted.step || held.step === counted.step + 1)
  const rolledBack = !isFirst && (state.storeLost || !isWhole)
  const birth = (
    rolledBack ? Math.max(held?.birth ?? 0, plusSeconds(now, clockToleranceSeconds)) : (held?.birth ?? 0)
  ) as Instant
  const boot = (held?.boot ?? 0) + 1
  let current = Math.max(held?.step ?? 0, counted?.step ?? 0)
  let policyVersion = counted?.policyVersion ?? 0

  const step = (): Change => {
    current++
    return { put: gateMeta('steps'), value: encodeRecord({ boot, step: current, birth } satisfies Held) }
  }
  const confirm = () => outside.write({ step: current, policyVersion })
  await store.write([step()], { sync: true })
  await confirm()
  return {
    boot,
    rolledBack,
    birth,
    step,
    confirm,
    get policyVersion() {
      return policyVersion
    },
    async confirmPolicy(version) {
      policyVersion = version
      await confirm()
    },
  }
}
