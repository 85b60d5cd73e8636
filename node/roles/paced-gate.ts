import type { Clock } from '../core/clock.ts'
import { decodeEnvelope, documentId } from '../core/envelope.ts'
import { gatePollMs } from '../core/limits.ts'
import type { Gate, OutboxEntry } from '../gate/gate.ts'

/** A gate for a visit that has an end: actions wait until they are begun one by one, and the outbox is seen whole.
 *  Only one action at a time is accepted, so that when time is up none stands in the queue: a queued one would end as *interrupted*,
 *  one that was never offered is asked again next time. */
export interface PacedGate extends Gate {
  /** Something has come that was not begun yet. */
  hasPending(): boolean
  /** Offers what has come, the next when the one before has its outcome, while `mayBegin` says so.
   *  @returns how many were accepted */
  runPending(mayBegin: () => boolean, signal: AbortSignal): Promise<number>
}

export function createPacedGate(gate: Gate, clock: Clock): PacedGate {
  /** By id; a later copy may have more signatures. */
  const pending = new Map<string, Uint8Array>()
  let outbox: Promise<readonly OutboxEntry[]> | undefined
  const policies = new Set<Promise<unknown>>()
  gate.onOutbox(() => {
    outbox = undefined
  })

  /** The real one hands out about 1 MiB a call, in turn; a session wants to see the same before and after. */
  async function readWholeOutbox(): Promise<readonly OutboxEntry[]> {
    const entries = new Map<string, OutboxEntry>()
    for (;;) {
      const before = entries.size
      for (const entry of await gate.outbox()) entries.set(`${entry.kind} ${entry.actionId}`, entry)
      if (entries.size === before) return [...entries.values()]
    }
  }

  async function isIdle(): Promise<boolean> {
    return (await gate.progress()).unfinished === 0
  }

  return {
    ...gate,
    async offerPolicy(root, policy) {
      const offer = gate.offerPolicy(root, policy)
      policies.add(offer)
      try {
        return await offer
      } finally {
        policies.delete(offer)
      }
    },
    async offerAction(wire) {
      const envelope = decodeEnvelope(wire)
      if (typeof envelope === 'string') return gate.offerAction(wire)
      pending.set(documentId(envelope), wire)
      return { kind: 'hold', code: 'in-turn' }
    },
    outbox() {
      outbox ??= readWholeOutbox().catch((error: unknown) => {
        outbox = undefined
        throw error
      })
      return outbox
    },
    async offerReceipt(wire) {
      const cleared = await gate.offerReceipt(wire)
      if (cleared) outbox = undefined
      return cleared
    },
    hasPending: () => pending.size > 0,
    async runPending(mayBegin, signal) {
      let accepted = 0
      const untilIdle = async () => {
        while (!signal.aborted && !(await isIdle()))
          await clock.sleep(gatePollMs, signal).catch(() => undefined)
      }
      await untilIdle()
      // Judged under a policy that is still on its way in, an action would be held.
      await Promise.allSettled(policies)
      for (const [id, wire] of pending) {
        if (signal.aborted || !mayBegin()) break
        pending.delete(id)
        const answer = await gate.offerAction(wire)
        if (answer.kind === 'accepted') accepted++
        await untilIdle()
      }
      return accepted
    },
  }
}
