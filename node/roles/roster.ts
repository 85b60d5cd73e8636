import type { AgentFacts } from '../core/agent-facts.ts'
import type { Instant } from '../core/clock.ts'
import { parseHeartbeatBody } from '../core/heartbeat.ts'
import { idleAfterMs, offlineAfterMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { queueLocation } from '../core/queue-location.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { type Ledger, membershipFault } from './ledger.ts'
import type { Shelf } from './shelf.ts'

/** One agent as the roster shows it: MIG's row, and how fresh and how reachable it is. */
export interface RosterRow extends AgentFacts {
  readonly id: PeerId
  readonly addresses: readonly string[]
  readonly policyversion: number
  /** Answers it still waits to get rid of. */
  readonly outbox: number
}

/** Every certified agent that has ever been heard, with its liveness now (protocol 3.3). */
export async function readRoster(shelf: Shelf, ledger: Ledger, now: Instant): Promise<readonly RosterRow[]> {
  const rows: RosterRow[] = []
  for (const key of shelf.keys('heartbeat')) {
    const held = await shelf.get('heartbeat', key)
    const envelope = held === undefined ? undefined : decodeWithCertificate(held.bytes)?.envelopeWire
    const opened = envelope === undefined ? undefined : openEnvelope('mig-heartbeat', envelope)
    const heartbeat = opened !== undefined && 'value' in opened ? parseHeartbeatBody(opened.value) : undefined
    if (heartbeat === undefined || typeof heartbeat === 'string') continue
    const certificate = ledger.certificates.get(heartbeat.peerid)?.certificate
    if (certificate?.role !== 'agent') continue
    rows.push({
      id: heartbeat.peerid,
      name: certificate.name,
      queueloc: queueLocation(heartbeat.environment.os, heartbeat.peerid),
      mode: heartbeat.mode,
      version: heartbeat.version,
      pid: heartbeat.pid,
      // Whoever is revoked or has run out is shown as such, and no target covers it: nobody waits for its answer.
      status:
        membershipFault(ledger, heartbeat.peerid, now) === undefined
          ? livenessOf(heartbeat.at, now)
          : 'revoked',
      starttime: heartbeat.starttime,
      heartbeattime: heartbeat.at,
      environment: heartbeat.environment as unknown as AgentFacts['environment'],
      tags: certificate.tags,
      addresses: heartbeat.addresses,
      policyversion: heartbeat.policyversion,
      outbox: heartbeat.outbox,
    })
  }
  return rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

export function livenessOf(heartbeat: Instant, now: Instant): 'online' | 'idle' | 'offline' {
  const age = now - heartbeat
  if (age < idleAfterMs) return 'online'
  return age < offlineAfterMs ? 'idle' : 'offline'
}
