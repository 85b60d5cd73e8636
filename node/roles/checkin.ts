import { z } from 'zod'
import { isCollector } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  checkinLastSessionMs,
  checkinReceiptWaitMs,
  checkinSettleMs,
  gatePollMs,
  maxCheckinSessions,
  maxReachedMembers,
  minLinks,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { peerIdField } from '../core/schema.ts'
import type { Member } from '../mesh/mesh.ts'
import type { AgentNode } from './agent.ts'
import type { PacedGate } from './paced-gate.ts'

/** What the mesh process tells of a check-in; its gate process judges by its own books what was run and what was confirmed. */
export const checkinReportSchema = z.strictObject({
  reached: z
    .array(
      z.strictObject({
        peer: peerIdField,
        name: z.string().max(256),
        role: z.enum(['agent', 'relay', 'investigator']),
      }),
    )
    .max(maxReachedMembers),
  /** Everything that waits here is held by a collector, or by a neighbour that carries it. */
  handedOver: z.boolean(),
  /** Members with which everything was exchanged. */
  synced: z.int().min(0),
})
export type CheckinReport = z.output<typeof checkinReportSchema>

/** One visit to the mesh, seen from the process that faces it: reach somebody, take what is new, have it run, hand the answers over
 *  until each has its receipt or somebody else holds it.
 *  @param maxMs after which nothing new is begun; what runs then may end by its own limits, and is handed over if that takes no long
 *  @returns also when nobody was reached; never throws for what the mesh does */
export async function checkIn(
  node: Pick<AgentNode, 'mesh' | 'ledger' | 'syncWith'>,
  gate: PacedGate,
  maxMs: number,
  ports: {
    readonly clock: Clock
    readonly signal: AbortSignal
    readonly log: (event: string, details?: Record<string, unknown>) => void
  },
): Promise<CheckinReport> {
  const { clock, signal, log } = ports
  const startedMs = clock.monotonicMs()
  const reached = new Map<PeerId, CheckinReport['reached'][number]>()
  const caughtUp = new Set<PeerId>()
  let handedOver = false
  let endMs = startedMs + maxMs
  const timeLeft = () => !signal.aborted && clock.monotonicMs() < endMs
  const mayBegin = () => clock.monotonicMs() < startedMs + maxMs
  const pause = (ms: number) => clock.sleep(ms, signal).catch(() => undefined)

  function members(): readonly Member[] {
    const found = [...node.mesh.members()].sort((a, b) => rank(a) - rank(b))
    for (const { peer, role } of found) {
      if (reached.size >= maxReachedMembers) break
      const name = node.ledger.certificates.get(peer)?.certificate.name ?? ''
      reached.set(peer, { peer, name, role })
    }
    return found
  }

  /** A session that begins after this was called: one that ran already may have begun before there was something to hand over. */
  async function session(peer: PeerId) {
    try {
      await node.syncWith(peer)
      return await node.syncWith(peer)
    } catch (error) {
      log('checkin-session-failed', { peer, error: messageOf(error) })
      return undefined
    }
  }

  /** @returns whether the other side wants nothing of what is offered here: it holds all of it */
  async function exchangeAll(peer: PeerId): Promise<boolean> {
    for (let round = 0; round < maxCheckinSessions && timeLeft(); round++) {
      const report = await session(peer)
      if (report === undefined) return false
      if (report.received === 0) caughtUp.add(peer)
      if (report.received === 0 && report.sent === 0) return true
    }
    return false
  }

  /** With a collector in reach, answers go there; a neighbour that carries is for when there is none. */
  async function handOver(): Promise<boolean> {
    const all = members()
    const collectors = all.filter(({ role }) => isCollector(role))
    let held = false
    for (const { peer } of collectors.length > 0 ? collectors : all) held = (await exchangeAll(peer)) || held
    return held
  }

  async function awaitReceipts(): Promise<void> {
    const untilMs = Math.min(endMs, clock.monotonicMs() + checkinReceiptWaitMs)
    while (!signal.aborted && clock.monotonicMs() < untilMs) {
      if ((await gate.progress()).waiting === 0) return
      const collectors = members().filter(({ role }) => isCollector(role))
      if (collectors.length === 0) return
      for (const { peer } of collectors) await session(peer)
      await pause(gatePollMs)
    }
  }

  try {
    while (timeLeft() && members().length === 0) await pause(gatePollMs)
    const settledMs = clock.monotonicMs() + checkinSettleMs
    while (timeLeft() && members().length < minLinks && clock.monotonicMs() < settledMs)
      await pause(gatePollMs)
    while (timeLeft()) {
      for (const { peer } of members()) await exchangeAll(peer)
      const ran = await gate.runPending(mayBegin, signal)
      // What ran into the end of the time is handed over all the same.
      if (ran > 0) endMs = Math.max(endMs, clock.monotonicMs() + checkinLastSessionMs)
      handedOver = await handOver()
      if (handedOver) {
        await awaitReceipts()
        if (!mayBegin() || !gate.hasPending()) break
      } else await pause(gatePollMs)
    }
  } catch (error) {
    // The gate is gone, or the mesh stops: what is known so far is told.
    log('checkin-cut-short', { error: messageOf(error) })
  }
  return { reached: [...reached.values()], handedOver, synced: caughtUp.size }
}

/** Collectors first: they have the most, and they take answers. */
function rank(member: Member): number {
  return isCollector(member.role) ? 0 : 1
}
