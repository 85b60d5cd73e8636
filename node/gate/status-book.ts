import type { Clock, Instant } from '../core/clock.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import type { StatusKind } from '../core/outcome.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import type { OutboxEntry } from './gate.ts'
import type { Waiting } from './outbox.ts'

/** What this agent says of actions that have no outcome, until one comes or they are out of date. In memory only: after a restart
 *  the same verdicts are given again. */
export interface StatusBook {
  /** @param verdict the same one again, on the same signatures, is no news */
  set(action: VerifiedAction, status: StatusKind, reason: string, verdict: string): void
  forget(actionId: string): void
  tidy(now: Instant): void
  waiting(): readonly Waiting[]
}

const maxStatuses = 1024
/** A module that ends within this time needs no "accepted" before its outcome. */
const acceptedAfterMs = 1500

export function createStatusBook(
  sign: (
    actionId: string,
    status: StatusKind,
    reason: string,
    signers: readonly Fingerprint[],
    at: Instant,
  ) => Uint8Array,
  announce: () => void,
  clock: Clock,
): StatusBook {
  const statuses = new Map<
    string,
    OutboxEntry & {
      readonly since: Instant
      readonly expireAfter: Instant
      readonly key: string
      readonly isAccepted: boolean
    }
  >()
  return {
    set({ id, action, signingKeys }, status, reason, verdict) {
      const signers = [...signingKeys.values()].sort()
      // The same verdict on more signatures is news: whoever counts waits for it.
      const key = `${verdict} ${signers.join(' ')}`
      // Signing the same verdict anew would only make traffic.
      if (statuses.get(id)?.key === key) return
      while (statuses.size >= maxStatuses) statuses.delete(statuses.keys().next().value as string)
      const since = clock.now()
      const wire = sign(id, status, reason, signers, since)
      const { origin, expireafter: expireAfter } = action
      const isAccepted = status === 'accepted'
      statuses.set(id, { kind: 'status', actionId: id, origin, wire, since, expireAfter, key, isAccepted })
      if (isAccepted) clock.after(acceptedAfterMs, announce)
      else announce()
    },
    forget: (actionId) => void statuses.delete(actionId),
    tidy(now) {
      for (const [id, status] of statuses) if (status.expireAfter < now) statuses.delete(id)
    },
    waiting() {
      // Most modules end sooner: then the outcome says all.
      const isEarly = (status: { isAccepted: boolean; since: Instant }) =>
        status.isAccepted && clock.now() - status.since < acceptedAfterMs
      return [...statuses.values()]
        .filter((status) => !isEarly(status))
        .map(({ wire, ...status }) => ({ ...status, read: async () => wire }))
    },
  }
}
