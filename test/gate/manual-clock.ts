import type { Clock, Instant } from '../../node/core/clock.ts'

/** A clock that stands still until it is moved; timers run when it passes them. */
export interface ManualClock extends Clock {
  /** Moves wall clock and timers forward. */
  advance(ms: number): void
  /** Somebody sets the wall clock; timers do not notice. */
  set(now: Instant): void
}

export function createManualClock(start: Instant): ManualClock {
  let now = start
  let elapsedMs = 0
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>()
  const after: Clock['after'] = (ms, task) => {
    const timer = { atMs: elapsedMs + ms, task }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    now: () => now,
    monotonicMs: () => elapsedMs,
    after,
    sleep: (ms) => new Promise((resolve) => after(ms, () => resolve())),
    set(instant) {
      now = instant
    },
    advance(ms) {
      elapsedMs += ms
      now = (now + ms) as Instant
      for (const timer of timers) {
        if (timer.atMs > elapsedMs) continue
        timers.delete(timer)
        timer.task()
      }
    },
  }
}
