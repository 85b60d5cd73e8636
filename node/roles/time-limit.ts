import type { Clock } from '../core/clock.ts'
import { MigError } from '../core/error.ts'

/** `AbortSignal.timeout` on the node's own clock: aborts with a MigError `timeout` after `ms`. */
export function timeLimit(clock: Pick<Clock, 'after'>, ms: number): AbortSignal {
  const controller = new AbortController()
  clock.after(ms, () => controller.abort(new MigError('timeout', `not within ${ms / 1000} s`)))
  return controller.signal
}
