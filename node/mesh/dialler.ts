import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { circuitDialLimitMs, dialLimitMs, directHeadStartMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { type DialTarget, isCircuit, relayOf, withoutSelf } from './addresses.ts'
import type { Admission } from './admission.ts'
import type { Settled } from './links.ts'
import type { Log } from './mesh.ts'

export type DialOutcome = Settled

export interface DiallerPorts {
  readonly libp2p: Pick<Libp2p, 'dial'>
  /** Dials exactly one address. */
  readonly dialAddress: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  readonly admission: Admission
  readonly ownPeer: PeerId
  readonly clock: Clock
  readonly log: Log
}

/** Dials one peer and waits for the judgement of the connection, which has its own limit. */
export async function dialPeer(
  known: DialTarget,
  ports: DiallerPorts,
  signal: AbortSignal,
): Promise<DialOutcome> {
  const { peer } = known
  const { admission, ownPeer, log } = ports
  if (peer === ownPeer) return { kind: 'failed', reason: 'that is this node itself' }
  const [target = { peer, addresses: [] }] = withoutSelf([known], ownPeer)
  // A member that is linked through a relay may be dialled directly still.
  const isRelayedOnly = admission.directConnections(peer).length === 0
  if (admission.isMember(peer) && !(isRelayedOnly && target.addresses.some((address) => !isCircuit(address))))
    return { kind: 'admitted' }
  if (target.addresses.length === 0)
    return { kind: 'failed', reason: 'an address is known only through this node itself' }
  let connection: Connection
  try {
    connection = await connect(target, ports, signal)
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

/** Direct addresses first; circuits when those have failed, or have not answered within their head start. */
async function connect(target: DialTarget, ports: DiallerPorts, signal: AbortSignal): Promise<Connection> {
  const direct = target.addresses.filter((address) => !isCircuit(address))
  const circuits = ports.admission.isMember(target.peer) ? [] : target.addresses.filter(isCircuit)
  const decided = new AbortController()
  const limit = AbortSignal.any([signal, decided.signal, AbortSignal.timeout(dialLimitMs)])
  const directly = direct.length === 0 ? undefined : ports.libp2p.dial(direct, { signal: limit })
  if (circuits.length === 0) return await (directly ?? ports.libp2p.dial([], { signal: limit }))
  const throughRelays = (async () => {
    if (directly !== undefined) await headStart(directly, ports.clock, limit)
    return dialCircuits(circuits, ports, limit)
  })()
  try {
    return await Promise.any([...(directly === undefined ? [] : [directly]), throughRelays])
  } finally {
    decided.abort(new Error('another address has answered'))
  }
}

/** Resolves when the dial has failed or taken too long; rejects when it has succeeded. */
async function headStart(dial: Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<void> {
  const failed = dial.then(
    () => Promise.reject(new Error('dialled directly')),
    () => undefined,
  )
  await Promise.race([failed, clock.sleep(directHeadStartMs, signal)])
}

/** One after the other, first through relays that are linked already. */
async function dialCircuits(
  circuits: readonly Multiaddr[],
  ports: DiallerPorts,
  signal: AbortSignal,
): Promise<Connection> {
  const isLinked = (address: Multiaddr) => {
    const relay = relayOf(address)
    return relay !== undefined && ports.admission.isMember(relay) ? 0 : 1
  }
  const errors: unknown[] = []
  for (const address of [...circuits].sort((a, b) => isLinked(a) - isLinked(b))) {
    signal.throwIfAborted()
    try {
      return await ports.dialAddress(
        address,
        AbortSignal.any([signal, AbortSignal.timeout(circuitDialLimitMs)]),
      )
    } catch (error) {
      errors.push(error)
    }
  }
  throw new AggregateError(errors)
}

/** noise says "Payload identity key … does not match expected remote identity key …"; libp2p keeps only the message. */
function isMismatch(reason: string): boolean {
  return reason.includes('does not match expected remote identity')
}

/** libp2p throws one error for one address and an AggregateError for several. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ')
  return messageOf(error)
}
