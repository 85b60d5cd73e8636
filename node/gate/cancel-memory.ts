import type { Instant } from '../core/clock.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, maxActionSpanSeconds, maxCancelsPerPerson } from '../core/limits.ts'
import type { VerifiedCancel } from '../verification/verify-cancel.ts'

/** Cancels that came before their action (protocol 3.7). Not on the disk: the mesh process offers them anew at every start. */
export interface CancelMemory {
  /** False when that person has used up their room. One that is held already needs none. */
  keep(cancel: VerifiedCancel, now: Instant): boolean
  of(actionId: string): readonly VerifiedCancel[]
  forget(actionId: string): void
}

export function createCancelMemory(): CancelMemory {
  let kept: readonly VerifiedCancel[] = []
  return {
    keep(cancel, now) {
      // Whatever it could stop has expired by then.
      kept = kept.filter(
        (other) => plusSeconds(other.cancel.issuedat, maxActionSpanSeconds + clockToleranceSeconds) >= now,
      )
      const own = kept.filter((other) => other.person === cancel.person)
      if (own.some((other) => other.cancel.actionid === cancel.cancel.actionid)) return true
      if (own.length >= maxCancelsPerPerson) return false
      kept = [...kept, cancel]
      return true
    },
    of: (actionId) => kept.filter((cancel) => cancel.cancel.actionid === actionId),
    forget(actionId) {
      kept = kept.filter((cancel) => cancel.cancel.actionid !== actionId)
    },
  }
}
