import type { Clock } from '../core/clock.ts'
import { maxFollowedActions } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'

/** Tells whoever follows an action what of it has changed. Changes are counted over all actions, so that none is missed between two
 *  questions. */
export interface ChangeFeed {
  /** @param peer whose answer it is; without one the action itself has changed */
  changed(actionId: string, peer?: PeerId): void
  /** The count after the next change beyond `after`, or the present one after `timeoutMs`. */
  next(actionId: string, after: number, timeoutMs: number): Promise<number>
  /** The present count. */
  last(actionId: string): number
  /** Whose answers have changed after `after`, the longest unchanged first.
   *  Knows of answers from before this process, or of an action forgotten since, only once it was seeded. */
  page(actionId: string, after: number, limit: number): FeedPage
  isSeeded(actionId: string): boolean
  /** Counts those whose answers are held as changed now, unless it knows better. */
  seed(actionId: string, peers: readonly PeerId[]): void
}

export interface FeedPage {
  readonly peers: readonly PeerId[]
  /** Ask for what comes after this next. */
  readonly change: number
  readonly more: boolean
}

/** One action's changes in their order; of each peer the latest entry counts. */
interface Log {
  entries: { readonly count: number; readonly peer: PeerId }[]
  readonly latest: Map<PeerId, number>
  seeded: boolean
}

export function createChangeFeed(clock: Clock): ChangeFeed {
  const counts = new Map<string, number>()
  const logs = new Map<string, Log>()
  const waiters = new Set<() => void>()
  let count = 0

  function logOf(actionId: string): Log {
    const log = logs.get(actionId) ?? { entries: [], latest: new Map(), seeded: false }
    // The one that nobody has touched for longest goes; whoever still follows it is given everything again.
    logs.delete(actionId)
    logs.set(actionId, log)
    if (logs.size > maxFollowedActions) logs.delete(logs.keys().next().value as string)
    return log
  }

  function note(log: Log, peer: PeerId): void {
    log.entries.push({ count, peer })
    log.latest.set(peer, count)
    if (log.entries.length > 2 * log.latest.size + 64)
      log.entries = log.entries.filter((entry) => log.latest.get(entry.peer) === entry.count)
  }

  const last = (actionId: string) => counts.get(actionId) ?? 0

  return {
    last,
    changed(actionId, peer) {
      counts.set(actionId, ++count)
      if (peer !== undefined) note(logOf(actionId), peer)
      for (const wake of [...waiters]) wake()
    },
    async next(actionId, after, timeoutMs) {
      if (last(actionId) > after) return last(actionId)
      const enough = new AbortController()
      let wake: () => void = () => undefined
      const changed = new Promise<void>((resolve) => {
        wake = () => {
          if (last(actionId) > after) resolve()
        }
        waiters.add(wake)
      })
      await Promise.race([changed, clock.sleep(timeoutMs, enough.signal).catch(() => undefined)])
      enough.abort()
      waiters.delete(wake)
      return last(actionId)
    },
    page(actionId, after, limit) {
      const { entries, latest } = logOf(actionId)
      const peers: PeerId[] = []
      for (let at = firstAfter(entries, after); at < entries.length; at++) {
        const entry = entries[at]
        if (entry === undefined || latest.get(entry.peer) !== entry.count) continue
        peers.push(entry.peer)
        if (peers.length === limit) return { peers, change: entry.count, more: at + 1 < entries.length }
      }
      return { peers, change: Math.max(after, last(actionId)), more: false }
    },
    isSeeded: (actionId) => logs.get(actionId)?.seeded === true,
    seed(actionId, peers) {
      const log = logOf(actionId)
      log.seeded = true
      for (const peer of peers) {
        if (log.latest.has(peer)) continue
        counts.set(actionId, ++count)
        note(log, peer)
      }
    },
  }
}

/** Entries stand in the order of their counts. */
function firstAfter(entries: readonly { readonly count: number }[], after: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.count ?? 0) > after) high = middle
    else low = middle + 1
  }
  return low
}
