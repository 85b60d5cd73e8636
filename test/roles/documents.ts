import type { Instant } from '../../node/core/clock.ts'
import type { HeartbeatBody } from '../../node/core/heartbeat.ts'
import { formatInstant } from '../../node/core/instant.ts'
import type { Item } from '../../node/sync/item.ts'
import { encodeWithCertificate } from '../../node/verification/node-documents.ts'
import { sealEnvelope } from '../../node/verification/node-envelope.ts'
import type { Papers } from '../attacks/intruder.ts'

export const nowText = () => formatInstant((Math.floor(Date.now() / 1000) * 1000) as Instant)

/** A heartbeat as an agent with these papers would sign it. */
export function aHeartbeat(
  fleet: string,
  of: Papers,
  change: Pick<HeartbeatBody, 'boot' | 'seq'> & Partial<HeartbeatBody>,
  by: Uint8Array = of.answerSeed,
): Item {
  const body: HeartbeatBody = {
    v: 1,
    fleet,
    peerid: of.peer,
    serial: 1,
    at: nowText(),
    mode: 'daemon',
    version: '0',
    pid: 1,
    starttime: nowText(),
    environment: { init: 'systemd', ident: 'x', os: 'linux', arch: 'x64', addresses: [], modules: [] },
    policyversion: 1,
    addresses: [],
    outbox: 0,
    ...change,
  }
  return {
    kind: 'heartbeat',
    bytes: encodeWithCertificate(of.certificateWire, sealEnvelope('mig-heartbeat', body, by)),
  }
}
