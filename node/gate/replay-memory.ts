import { z } from 'zod'
import type { Action } from '../core/action.ts'
import { summaryBytesOf } from '../core/action.ts'
import type { Instant } from '../core/clock.ts'
import { base64UrlEncode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds } from '../core/limits.ts'
import { documentIdField, fingerprintField, peerIdField } from '../core/schema.ts'
import { detailPageRange, gateAction, gateActionRange, gateMeta, outbox } from '../store/keyspace.ts'
import type { Change, Store } from '../store/store.ts'
import { decodeRecord, encodeRecord } from './record.ts'
import type { RollbackGuard } from './rollback-guard.ts'

const recordSchema = z.strictObject({
  id: documentIdField,
  state: z.enum(['accepted', 'running', 'outcome']),
  name: z.string(),
  origin: peerIdField,
  stoppers: z.array(fingerprintField),
  issuedAt: z.number(),
  expireAfter: z.number(),
  /** When the result may be forgotten although nobody confirmed it. */
  forgetAt: z.number(),
  replyKey: z.string(),
  summaryBytes: z.number(),
  operations: z.number(),
  startedAt: z.number(),
})

/** What is remembered of an action that was accepted here. */
export type ActionRecord = z.output<typeof recordSchema>

/** The durable memory that makes "at most once" true (protocol 7.1): what was accepted stands on the disk before anything runs,
 *  and what was forgotten is fenced off by `floor`. */
export interface ReplayMemory {
  /** Why an action must not run here although it is authorised; undefined when it may. */
  fenced(action: Pick<Action, 'issuedat' | 'expireafter'>): string | undefined
  find(id: string): ActionRecord | undefined
  all(): readonly ActionRecord[]
  /** Synced before it returns. When it throws, the action has not been accepted. */
  accept(id: string, action: Action, now: Instant): Promise<ActionRecord>
  /** Not synced: losing it only turns *running* back into *accepted*, and both end as *interrupted*. */
  running(id: string): Promise<void>
  /** Outcome, outbox entry and detail pages in one synced batch. */
  finish(id: string, changes: readonly Change[]): Promise<void>
  /** Forgets what has been delivered and has expired. The floor rises in the same batch. Not while something is being accepted. */
  prune(now: Instant, isDelivered: (id: string) => boolean): Promise<number>
}

const damageHint =
  "move gate/store in the agent's state directory aside and start again: no action issued before that will run"

/** @param guard its birth fences off what a lost memory would have known; it counts every acceptance
 *  @throws MigError `store-damaged` when a record cannot be read: to guess could run an action twice */
export async function openReplayMemory(store: Store, guard: RollbackGuard): Promise<ReplayMemory> {
  const records = new Map<string, ActionRecord>()
  for await (const [key, value] of store.entries(gateActionRange())) {
    const parsed = recordSchema.safeParse(decodeRecord(value))
    if (!parsed.success)
      throw new MigError('store-damaged', `replay memory: record ${key} is damaged`, {
        hint: damageHint,
      })
    records.set(parsed.data.id, parsed.data)
  }
  const floorBytes = await store.get(gateMeta('floor'))
  const floorRecord =
    floorBytes === undefined ? { floor: 0 } : (decodeRecord(floorBytes) as { floor?: unknown } | undefined)
  if (typeof floorRecord?.floor !== 'number')
    throw new MigError('store-damaged', 'replay memory: the floor is damaged', { hint: damageHint })
  let floor = floorRecord.floor

  const put = (record: ActionRecord): Change => ({ put: gateAction(record.id), value: encodeRecord(record) })

  function known(id: string): ActionRecord {
    const record = records.get(id)
    if (record === undefined) throw new MigError('internal', `replay memory: ${id} was never accepted`)
    return record
  }

  return {
    fenced(action) {
      if (action.expireafter <= floor) return 'expires before the latest action that this agent has forgotten'
      if (action.issuedat <= guard.birth) return 'was issued before this agent lost its memory'
      return undefined
    },
    find: (id) => records.get(id),
    all: () => [...records.values()],
    async accept(id, action, now) {
      const record: ActionRecord = {
        id,
        state: 'accepted',
        name: action.name,
        origin: action.origin,
        stoppers: action.stoppers,
        issuedAt: action.issuedat,
        expireAfter: action.expireafter,
        forgetAt: plusSeconds(action.expireafter, action.resultttl),
        replyKey: base64UrlEncode(action.replyto.x25519),
        summaryBytes: summaryBytesOf(action),
        operations: action.operations.length,
        startedAt: now,
      }
      await store.write([put(record), guard.step([...records.keys(), id])], { sync: true })
      try {
        await guard.confirm()
      } catch (error) {
        // Without the count outside, a copy of the store from before would pass for the store itself: so it must not run.
        await store.write([{ delete: gateAction(id) }, guard.restate([...records.keys()])], { sync: true })
        throw error
      }
      records.set(id, record)
      return record
    },
    async running(id) {
      const record: ActionRecord = { ...known(id), state: 'running' }
      await store.write([put(record)], { sync: false })
      records.set(id, record)
    },
    async finish(id, changes) {
      const record: ActionRecord = { ...known(id), state: 'outcome' }
      await store.write([put(record), ...changes], { sync: true })
      records.set(id, record)
    },
    async prune(now, isDelivered) {
      const gone = [...records.values()].filter(
        (record) =>
          record.state === 'outcome' &&
          plusSeconds(record.expireAfter as Instant, clockToleranceSeconds) < now &&
          (isDelivered(record.id) || record.forgetAt < now),
      )
      if (gone.length === 0) return 0
      const raised = Math.max(floor, ...gone.map((record) => record.expireAfter))
      const left = new Set(records.keys())
      for (const record of gone) left.delete(record.id)
      const changes: Change[] = [
        { put: gateMeta('floor'), value: encodeRecord({ floor: raised }) },
        guard.restate([...left]),
      ]
      for (const record of gone) {
        changes.push({ delete: gateAction(record.id) }, { delete: outbox(record.id) })
        for await (const key of store.keys(detailPageRange(record.id))) changes.push({ delete: key })
      }
      await store.write(changes, { sync: true })
      floor = raised
      for (const record of gone) records.delete(record.id)
      return gone.length
    },
  }
}
