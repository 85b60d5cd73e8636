import type { Clock } from '../../core/clock.ts'
import { MigError } from '../../core/error.ts'

/** Runs a task with a limit on the given clock, and ends what it has begun when either is over. */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  parent: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  const callOff = clock.after(limitMs, () => own.abort(new MigError('timeout', `not within ${limitMs} ms`)))
  try {
    return await task(AbortSignal.any([parent, own.signal]))
  } finally {
    callOff()
  }
}
