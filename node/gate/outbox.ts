import type { Instant } from '../core/clock.ts'
import { maxOutboxCallBytes } from '../core/limits.ts'
import type { OutboxEntry } from './gate.ts'

/** An entry of the outbox, its bytes still where they lie. */
export interface Waiting {
  readonly kind: OutboxEntry['kind']
  readonly actionId: string
  readonly origin: OutboxEntry['origin']
  readonly since: Instant
  /** Undefined when it has been confirmed meanwhile. */
  readonly read: () => Promise<Uint8Array | undefined>
}

/** Hands out what waits, bounded per call: least often handed out first, then oldest first. An origin that never confirms
 *  therefore delays the others' answers but does not hold them up. */
export function createOutboxWindow(): (waiting: readonly Waiting[]) => Promise<readonly OutboxEntry[]> {
  let offers = new Map<string, number>()
  const keyOf = (entry: Waiting) => `${entry.kind} ${entry.actionId}`
  const offersOf = (entry: Waiting) => offers.get(keyOf(entry)) ?? 0
  return async (waiting) => {
    // What does not wait any more is forgotten.
    offers = new Map(waiting.map((entry) => [keyOf(entry), offersOf(entry)]))
    const inTurn = [...waiting].sort((a, b) => offersOf(a) - offersOf(b) || a.since - b.since)
    const entries: OutboxEntry[] = []
    let left = maxOutboxCallBytes
    for (const entry of inTurn) {
      const wire = await entry.read()
      if (wire === undefined) continue
      left -= wire.length
      if (left < 0 && entries.length > 0) break
      offers.set(keyOf(entry), offersOf(entry) + 1)
      entries.push({ kind: entry.kind, actionId: entry.actionId, origin: entry.origin, wire })
    }
    return entries
  }
}
