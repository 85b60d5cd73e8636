import type { Connection } from '@libp2p/interface'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { maxAddressChars, maxAddressesRelay, maxCircuitMessageBytes } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { isCircuit, parseAddress, withPeer } from './addresses.ts'
import { type CircuitStatus, decodeHopStatus, encodeReserve, hopProtocol } from './circuit-messages.ts'
import { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import { isLoopback } from './network-place.ts'
import type { Reserved } from './reservations.ts'

/** Asks a relay for a reservation, over a direct connection to it.
 *  @returns the addresses through it, without this node's id: what the relay says of itself, and the way we came
 *  @throws MigError `timeout`, `not-reachable` */
export async function askRelay(
  connection: Connection,
  relay: PeerId,
  signal: AbortSignal,
): Promise<Reserved> {
  const stream = await connection.newStream(hopProtocol, { signal }).catch((error: Error) => {
    if (error.name === 'UnsupportedProtocolError') return undefined
    throw error
  })
  if (stream === undefined) return { kind: 'gone', reason: 'it does not relay now' }
  const frames = new Libp2pFrameStream(stream)
  try {
    await frames.write(encodeReserve(), { signal })
    const frame = await frames.read({ signal, maxBytes: maxCircuitMessageBytes })
    const answer = frame === undefined ? undefined : decodeHopStatus(frame)
    if (answer === undefined) return { kind: 'failed', reason: 'the relay’s answer cannot be read' }
    if (answer.status !== 'ok') return { kind: 'refused', reason: words[answer.status] }
    return { kind: 'granted', addresses: circuitAddresses(connection, relay, answer.addresses) }
  } finally {
    await frames.close()
  }
}

/** A relay wrote them: each must name that relay, and only so many are kept. */
function circuitAddresses(
  connection: Connection,
  relay: PeerId,
  told: readonly Uint8Array[],
): readonly string[] {
  const own = withPeer(connection.remoteAddr, relay)
  const others = told.flatMap((bytes) => readTold(bytes, relay)).filter((text) => text !== own)
  // Nobody else can use a loopback address, unless all of this is on one machine.
  const usable = isLoopback(own) ? others : others.filter((text) => !isLoopback(text))
  return [own, ...new Set(usable)].slice(0, maxAddressesRelay).map((text) => `${text}/p2p-circuit`)
}

function readTold(bytes: Uint8Array, relay: PeerId): readonly string[] {
  try {
    const address = multiaddr(bytes)
    const text = withPeer(address, relay)
    const names = address.getComponents().filter(({ code }) => code === CODE_P2P)
    const isUsable =
      text.length <= maxAddressChars &&
      !isCircuit(address) &&
      names.every(({ value }) => value === relay) &&
      parseAddress(text)?.peer === relay
    return isUsable ? [text] : []
  } catch {
    return [] // not a multiaddr
  }
}

const words: Readonly<Record<Exclude<CircuitStatus, 'ok'> | 'unknown', string>> = {
  'reservation-refused': 'the relay has given away all its reservations',
  'resource-limit-exceeded': 'the relay is busy',
  'permission-denied': 'the relay does not relay for this node',
  'connection-failed': 'the relay could not serve the request',
  'no-reservation': 'the relay could not serve the request',
  'malformed-message': 'the relay could not read the request',
  unknown: 'the relay gave no reason',
}
