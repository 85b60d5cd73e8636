import type { Clock } from '../core/clock.ts'

/** Tells whoever follows an action that something of it has changed. Changes are counted, so that none is missed between two questions. */
export interface ChangeFeed {
  changed(actionId: string): void
  /** The count after the next change beyond `after`, or the present one after `timeoutMs`. */
  next(actionId: string, after: number, timeoutMs: number): Promise<number>
}

export function createChangeFeed(clock: Clock): ChangeFeed {
  const counts = new Map<string, number>()
  const waiters = new Set<() => void>()
  let count = 0
  return {
    changed(actionId) {
      counts.set(actionId, ++count)
      for (const wake of [...waiters]) wake()
    },
    async next(actionId, after, timeoutMs) {
      const last = () => counts.get(actionId) ?? 0
      if (last() > after) return last()
      const enough = new AbortController()
      let wake: () => void = () => undefined
      const changed = new Promise<void>((resolve) => {
        wake = () => {
          if (last() > after) resolve()
        }
        waiters.add(wake)
      })
      await Promise.race([changed, clock.sleep(timeoutMs, enough.signal).catch(() => undefined)])
      enough.abort()
      waiters.delete(wake)
      return last()
    },
  }
}
