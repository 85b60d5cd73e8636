import { isCollector } from '../core/certificate.ts'
import type { Clock, Instant } from '../core/clock.ts'
import { clockDiffersMs, clockLogGapMs, enoughClocks, maxMetClocks } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Member } from '../mesh/mesh.ts'
import type { SyncPeer } from '../sync/session.ts'

/** What members' hellos say of clocks (protocol 6.7). A hint for people and nothing else: no clock is set and nothing is judged by it,
 *  so whoever lies in a hello moves a sentence. */
export interface ClockDifference {
  /** @param theirs the time in the hello that has just come from a member */
  heard(theirs: Instant, from: SyncPeer): void
  /** Undefined where too few linked members have said theirs. */
  own(): OwnClock | undefined
  /** Members whose clock was more than `clockDiffersMs` away from what this node takes for the time when they were last met directly,
   *  with the milliseconds that it was ahead. */
  differing(): ReadonlyMap<PeerId, number>
}

export interface OwnClock {
  /** How far this node's clock is ahead of its neighbours' median; negative when behind. */
  readonly aheadMs: number
  readonly neighbours: number
}

interface Heard {
  readonly aheadMs: number
  /** This node's clock less its monotonic one, then: where that has jumped since, it was set or the machine has slept. */
  readonly originMs: number
}

export function createClockDifference(ports: {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly members: () => readonly Pick<Member, 'peer' | 'role'>[]
  readonly log: (event: string, details: Record<string, unknown>) => void
}): ClockDifference {
  const { clock, members, log } = ports
  /** Whoever was met last stands last. */
  const met = new Map<PeerId, Heard>()
  let loggedAtMs = Number.NEGATIVE_INFINITY
  const origin = () => clock.now() - clock.monotonicMs()

  function valid(peer: PeerId, originMs: number): number | undefined {
    const heard = met.get(peer)
    return heard !== undefined && Math.abs(heard.originMs - originMs) <= clockDiffersMs
      ? heard.aheadMs
      : undefined
  }

  function own(originMs = origin()): OwnClock | undefined {
    const linked = members()
    const heard = linked.flatMap(({ peer, role }) => {
      const aheadMs = valid(peer, originMs)
      return aheadMs === undefined ? [] : [{ aheadMs, role }]
    })
    const isEnough =
      heard.length >= enoughClocks ||
      (heard.length === linked.length && heard.some(({ role }) => isCollector(role)))
    if (!isEnough) return undefined
    return { aheadMs: 0 - cautiousMedian(heard.map(({ aheadMs }) => aheadMs)), neighbours: heard.length }
  }

  return {
    heard(theirs, { peer }) {
      const now = clock.now()
      const nowMs = clock.monotonicMs()
      const originMs = now - nowMs
      met.delete(peer)
      met.set(peer, { aheadMs: theirs - now, originMs })
      const [eldest] = met.keys()
      if (met.size > maxMetClocks && eldest !== undefined) met.delete(eldest)
      const clocks = own(originMs)
      if (clocks === undefined || Math.abs(clocks.aheadMs) <= clockDiffersMs) return
      if (nowMs - loggedAtMs < clockLogGapMs) return
      loggedAtMs = nowMs
      log('clock-differs', {
        aheadSeconds: Math.round(clocks.aheadMs / 1000),
        neighbours: clocks.neighbours,
      })
    },
    own: () => own(),
    differing() {
      const originMs = origin()
      const ownAheadMs = own(originMs)?.aheadMs ?? 0
      const differing = new Map<PeerId, number>()
      for (const peer of met.keys()) {
        const aheadMs = valid(peer, originMs)
        // Where this node is the one that is wrong, the others are not named for it.
        if (aheadMs !== undefined && Math.abs(aheadMs + ownAheadMs) > clockDiffersMs)
          differing.set(peer, aheadMs + ownAheadMs)
      }
      return differing
    },
  }
}

/** The middle one; of two middle ones the one nearer to 0, and 0 where they disagree on the sign. More than half of those heard have
 *  to lie, or to be wrong, before it leaves what the others say.
 *  @param values at least one */
export function cautiousMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  const high = sorted[Math.floor(sorted.length / 2)] ?? 0
  return low > 0 ? low : Math.min(high, 0)
}

/** Whole minutes, 0 within what counts as agreement: what changes all the time need not be written down all the time. */
export function clockMinutes(aheadMs: number): number {
  return Math.abs(aheadMs) <= clockDiffersMs ? 0 : Math.round(aheadMs / 60_000)
}

/** `10 min ahead`, `3 h behind`, `400 days behind`. */
export function clockWords(aheadMinutes: number): string {
  const minutes = Math.abs(aheadMinutes)
  const long =
    minutes < 120
      ? `${minutes} min`
      : minutes < 2 * 1440
        ? `${Math.round(minutes / 60)} h`
        : `${Math.round(minutes / 1440)} days`
  return `${long} ${aheadMinutes < 0 ? 'behind' : 'ahead'}`
}
