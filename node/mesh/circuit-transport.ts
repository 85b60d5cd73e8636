import { type CircuitRelayTransportComponents, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Connection, StreamHandler, Transport } from '@libp2p/interface'
import { maxCircuitsPeer } from '../core/limits.ts'
import { permitStream, type Registrar } from './guarded-registrar.ts'

type Permit = (connection: Connection) => Promise<boolean>

/** libp2p's transport over circuits: dials through relays, and is dialled through admitted members only. */
export function circuitTransport(permit: Permit): (components: CircuitRelayTransportComponents) => Transport {
  return (components) => {
    const { addressManager, connectionGater, connectionManager, events, logger } = components
    const { peerId, peerStore, randomWalk, transportManager, upgrader } = components
    return circuitRelayTransport({
      maxInboundStopStreams: maxCircuitsPeer,
      maxOutboundStopStreams: maxCircuitsPeer,
    })({
      ...{ addressManager, connectionGater, connectionManager, events, logger },
      ...{ peerId, peerStore, randomWalk, upgrader },
      // It implements what the transport uses of a registrar (4.2.13).
      registrar: membersOnly(
        components.registrar,
        permit,
      ) as unknown as CircuitRelayTransportComponents['registrar'],
      // The transport would reserve wherever a circuit comes from; reservations are ours to keep (`Reservations`).
      transportManager: Object.assign(Object.create(transportManager), { listen: async () => undefined }),
    })
  }
}

function membersOnly(registrar: Registrar, permit: Permit): Registrar {
  return {
    handle(protocol, handler, options) {
      const guarded: StreamHandler = async (stream, connection) => {
        if (await permitStream(stream, connection, permit)) await handler(stream, connection)
      }
      return registrar.handle(protocol, guarded, options)
    },
    unhandle: (protocol) => registrar.unhandle(protocol),
    // It would look for relays by itself.
    register: async (protocol) => protocol,
    unregister: () => undefined,
  }
}
