import type { Connection, Libp2p, Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock, Random } from '../../core/clock.ts'
import { maxPunchesAtOnce } from '../../core/limits.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { Admission } from '../admission.ts'
import type { Log } from '../mesh.ts'
import { streamProtocol } from '../topics.ts'
import { endpointOf } from './endpoint.ts'
import { HolePuncher } from './hole-puncher.ts'
import { Libp2pPunchSockets } from './libp2p-punch-sockets.ts'
import { Observatory } from './observatory.ts'

/** Hole punching as a node of the mesh has it: starts, answers, and observes for others. */
export class HolePunching {
  readonly #options: { readonly ownPeer: PeerId; readonly fleet: string }
  readonly #sockets: Libp2pPunchSockets
  readonly #observatory: Observatory
  readonly #puncher: HolePuncher

  constructor(options: { ownPeer: PeerId; fleet: string }, ports: HolePunchingPorts) {
    const { libp2p, upgrader, admission, addresses, clock, random, log } = ports
    const { ownPeer, fleet } = options
    const connections = (peer: PeerId) => admission.connections(peer)
    this.#options = options
    this.#sockets = new Libp2pPunchSockets(
      { observeProtocol: streamProtocol(fleet, 'observe') },
      { libp2p, upgrader, connections, settled: (connection) => admission.settled(connection), random },
    )
    this.#observatory = new Observatory({ isMember: (peer) => admission.isMember(peer), clock })
    const listen = () =>
      addresses().flatMap((text) => {
        const at = endpointOf(multiaddr(text))
        return at === undefined ? [] : [at]
      })
    const permit = (connection: Connection) => admission.permit(connection)
    this.#puncher = new HolePuncher(
      { ownPeer, protocol: streamProtocol(fleet, 'punch') },
      { sockets: this.#sockets, connections, permit, listen, clock, random, log },
    )
  }

  /** Takes up its streams; before libp2p starts, so that identify names them. */
  async handle(libp2p: Libp2p): Promise<void> {
    const { fleet } = this.#options
    await libp2p.handle(
      streamProtocol(fleet, 'observe'),
      (stream, connection) => this.#observatory.serve(stream, connection),
      { maxInboundStreams: maxPunchesAtOnce },
    )
    await libp2p.handle(
      streamProtocol(fleet, 'punch'),
      (stream, connection) => this.#puncher.serve(stream, connection),
      // One more than is served: the last may still be closing.
      { maxInboundStreams: 2, runOnLimitedConnection: true },
    )
  }

  /** A connection that only asks where it comes from: nobody enrols on it. */
  isProbe(connection: Connection): boolean {
    return this.#sockets.isProbe(connection)
  }

  joined(member: { readonly peer: PeerId; readonly relayed: boolean }): void {
    this.#puncher.joined(member)
  }

  stop(): void {
    this.#puncher.stop()
  }
}

export interface HolePunchingPorts {
  readonly libp2p: Pick<Libp2p, 'addEventListener' | 'removeEventListener' | 'logger'>
  readonly upgrader: Upgrader
  readonly admission: Admission
  /** Multiaddrs at which this node says that it can be reached. */
  readonly addresses: () => readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
