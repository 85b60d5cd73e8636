import type { Clock, Instant } from '../core/clock.ts'
import type { StatusKind } from '../core/outcome.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import type { OutboxEntry } from './gate.ts'
import type { Waiting } from './outbox.ts'

/** What this agent says of actions that have no outcome, until one comes or they are out of date. In memory only: after a restart
 *  the same verdicts are given again. */
export interface StatusBook {
  /** @param key of the verdict; the same one again is no news */
  set(action: VerifiedAction, status: StatusKind, reason: string, key: string): void
  forget(actionId: string): void
  tidy(now: Instant): void
  waiting(): readonly Waiting[]
}

const maxStatuses = 1024
/** A module that ends within this time needs no "accepted" before its outcome. */
const acceptedAfterMs = 1500

export function createStatusBook(
  sign: (actionId: string, status: StatusKind, reason: string, at: Instant) => Uint8Array,
  announce: () => void,
  clock: Clock,
): StatusBook {
  const statuses = new Map<
    string,
    OutboxEntry & { readonly since: Instant; readonly expireAfter: Instant; readonly key: string }
  >()
  return {
    set({ id, action }, status, reason, key) {
      // Signing the same verdict anew would only make traffic.
      if (statuses.get(id)?.key === key) return
      while (statuses.size >= maxStatuses) statuses.delete(statuses.keys().next().value as string)
      const since = clock.now()
      const wire = sign(id, status, reason, since)
      const { origin, expireafter: expireAfter } = action
      statuses.set(id, { kind: 'status', actionId: id, origin, wire, since, expireAfter, key })
      if (key === 'accepted') clock.after(acceptedAfterMs, announce)
      else announce()
    },
    forget: (actionId) => void statuses.delete(actionId),
    tidy(now) {
      for (const [id, status] of statuses) if (status.expireAfter < now) statuses.delete(id)
    },
    waiting() {
      // Most modules end sooner: then the outcome says all.
      const isEarly = (status: { key: string; since: Instant }) =>
        status.key === 'accepted' && clock.now() - status.since < acceptedAfterMs
      return [...statuses.values()]
        .filter((status) => !isEarly(status))
        .map(({ wire, ...status }) => ({ ...status, read: async () => wire }))
    },
  }
}
