import type { Clock, Random } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import { claimMs, syncDeadlineMs, syncOnAfterMs, syncStepMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Probe } from '../core/probe.ts'
import type { FrameStream, Member, Mesh } from '../mesh/mesh.ts'
import { runSession, type SyncNode, type SyncReport } from '../sync/session.ts'
import { timeLimit } from './time-limit.ts'

/** Items that were new here and that were sent. */
export type Exchanged = Pick<SyncReport, 'received' | 'sent'>

/** When sessions happen, and with whom. */
export interface Sessions {
  /** Sessions with a connected member, one after the other as long as there is more and it comes. Those with one member never overlap.
   *  @throws MigError `not-reachable` and what `runSession` throws */
  syncWith(peer: PeerId): Promise<Exchanged>
  /** The same; what goes wrong is logged, since another session will come. */
  attempt(peer: PeerId): Promise<void>
  /** Sessions with all connected members that pass, soon and once, however often it is called. */
  syncSoon(which: (member: Member) => boolean, withinMs: number): void
  /** The other side of a session that a member has opened. */
  serve(member: Member, stream: FrameStream): Promise<void>
  /** For one exchange: `syncDeadlineMs`, or until `stop`. */
  deadline(): AbortSignal
  /** Nothing new begins; what runs is broken off. */
  stop(): void
  /** When all have ended. */
  ended(): Promise<void>
}

export function createSessions(ports: {
  readonly node: SyncNode
  readonly mesh: Pick<Mesh, 'open' | 'members'>
  readonly clock: Clock
  readonly random: Random
  readonly log: (event: string, details?: Record<string, unknown>) => void
  readonly probe: Probe
  /** How many members are known, linked or not. */
  readonly knownMembers: () => number
  /** A session has ended well, whoever opened it. */
  readonly synced: (member: Member, report: SyncReport) => void
}): Sessions {
  const { node, mesh, clock, random, log, probe, knownMembers, synced } = ports
  const stopping = new AbortController()
  const opened = new Map<PeerId, Promise<Exchanged>>()
  const served = new Map<PeerId, number>()
  /** Members with whom another session follows the one that runs. */
  const anew = new Set<PeerId>()
  const deadline = () => AbortSignal.any([stopping.signal, timeLimit(clock, syncDeadlineMs)])

  async function once(peer: PeerId): Promise<SyncReport> {
    const member = mesh.members().find((candidate) => candidate.peer === peer)
    if (member === undefined) throw new MigError('not-reachable', `${peer} is not connected`)
    const signal = deadline()
    const stream = await mesh.open(peer, 'sync', { signal })
    try {
      const report = await runSession(node, { peer, role: member.role }, stream, { first: true, signal })
      synced(member, report)
      return report
    } finally {
      await stream.close().catch(() => stream.abort('session over'))
    }
  }

  /** Where nothing new came, more of it would be refused, too: that is left to the next session. */
  const goesOn = (report: SyncReport) => report.more && report.received > 0

  async function untilNoMore(peer: PeerId): Promise<Exchanged> {
    let report = await once(peer)
    let { received, sent } = report
    while (goesOn(report)) {
      report = await once(peer)
      received += report.received
      sent += report.sent
    }
    // Whoever is being asked may fail.
    if (report.elsewhere) clock.after(claimMs, () => void attempt(peer))
    return { received, sent }
  }

  async function syncWith(peer: PeerId): Promise<Exchanged> {
    const running = opened.get(peer)
    if (running !== undefined) return running
    const session = probe.measure('sessions', () => untilNoMore(peer))
    opened.set(peer, session)
    try {
      return await session
    } finally {
      opened.delete(peer)
    }
  }

  async function attempt(peer: PeerId): Promise<void> {
    if (stopping.signal.aborted) return
    try {
      const { received, sent } = await syncWith(peer)
      if (received + sent > 0) log('synced', { peer, received, sent })
    } catch (error) {
      // The next tick tries again; a neighbour that left is no fault.
      if (!stopping.signal.aborted) log('sync-failed', { peer, error: messageOf(error) })
    }
  }

  /** One that runs may have begun before there was what this one is for. */
  async function attemptAnew(peer: PeerId): Promise<void> {
    const running = opened.get(peer)
    if (running !== undefined) {
      if (anew.has(peer)) return
      anew.add(peer)
      await running.catch(() => undefined)
      anew.delete(peer)
    }
    await attempt(peer)
  }

  let soon: { readonly callOff: () => void; readonly atMs: number } | undefined
  let wanted: ((member: Member) => boolean)[] = []
  function syncSoon(which: (member: Member) => boolean, withinMs: number): void {
    wanted.push(which)
    const atMs = clock.monotonicMs() + withinMs
    if (soon !== undefined && soon.atMs <= atMs) return
    soon?.callOff()
    const run = () => {
      const which = wanted
      wanted = []
      soon = undefined
      for (const member of mesh.members())
        if (which.some((passes) => passes(member))) void attemptAnew(member.peer)
    }
    soon = { atMs, callOff: clock.after(withinMs, run) }
  }

  const intervalMs = () => syncStepMs * Math.max(3, Math.log2(1 + knownMembers()))
  let callOffTick = clock.after(intervalMs() * (0.5 + random.fraction()), tick)
  function tick(): void {
    const members = mesh.members()
    const chosen = members[Math.floor(random.fraction() * members.length)]
    if (chosen !== undefined) void attempt(chosen.peer)
    callOffTick = clock.after(intervalMs() * (0.8 + 0.4 * random.fraction()), tick)
  }

  return {
    syncWith,
    attempt,
    syncSoon,
    async serve(member, stream) {
      const { peer, role } = member
      served.set(peer, (served.get(peer) ?? 0) + 1)
      try {
        const options = { first: false, signal: deadline() }
        const report = await probe.measure('sessions', () =>
          runSession(node, { peer, role }, stream, options),
        )
        synced(member, report)
        if (goesOn(report)) clock.after(syncOnAfterMs, () => void (served.has(peer) || attempt(peer)))
      } finally {
        const left = (served.get(peer) ?? 1) - 1
        if (left > 0) served.set(peer, left)
        else served.delete(peer)
      }
    },
    deadline,
    stop() {
      stopping.abort(new MigError('cancelled', 'stopping'))
      callOffTick()
      soon?.callOff()
    },
    async ended() {
      await Promise.allSettled(opened.values())
    },
  }
}
