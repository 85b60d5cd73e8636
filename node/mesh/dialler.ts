import type { Connection, Libp2p } from '@libp2p/interface'
import { messageOf } from '../core/error.ts'
import { dialLimitMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { DialTarget } from './addresses.ts'
import type { Admission } from './admission.ts'
import type { Settled } from './links.ts'
import type { Log } from './mesh.ts'

export type DialOutcome = Settled

/** Dials one peer and waits for the judgement of the connection, which has its own limit. */
export async function dialPeer(
  target: DialTarget,
  ports: { libp2p: Pick<Libp2p, 'dial'>; admission: Admission; ownPeer: PeerId; log: Log },
  signal: AbortSignal,
): Promise<DialOutcome> {
  const { peer } = target
  const { libp2p, admission, ownPeer, log } = ports
  if (peer === ownPeer) return { kind: 'failed', reason: 'that is this node itself' }
  if (admission.isMember(peer)) return { kind: 'admitted' }
  let connection: Connection
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(dialLimitMs)])
    connection = await libp2p.dial([...target.addresses], { signal: limit })
  } catch (error) {
    const reason = reasonOf(error)
    if (isMismatch(reason)) log('peer-id-mismatch', { peer, reason })
    return { kind: 'failed', reason }
  }
  return new Promise((resolve) => {
    const abort = () => resolve({ kind: 'failed', reason: 'given up while waiting to be admitted' })
    signal.addEventListener('abort', abort, { once: true })
    void admission.settled(connection).then((outcome) => {
      signal.removeEventListener('abort', abort)
      resolve(outcome)
    })
  })
}

/** noise says "Payload identity key … does not match expected remote identity key …"; libp2p keeps only the message. */
function isMismatch(reason: string): boolean {
  return reason.includes('does not match expected remote identity')
}

/** libp2p throws one error for one address and an AggregateError for several. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}
