import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  maxAccountedPeers,
  maxCircuitsOther,
  maxCircuitsPeer,
  maxCircuitsRelay,
  maxReservationsOther,
  maxReservationsRelay,
  maxShownAccounts,
  relayedBurstBytesPeer,
  relayedBytesPerSecondOther,
  relayedBytesPerSecondPeer,
  relayedBytesPerSecondRelay,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Admission } from './admission.ts'
import { hopProtocol } from './circuit-messages.ts'
import type { Log } from './mesh.ts'
import type { Relaying } from './reach.ts'
import { DialBacks } from './reach-check.ts'
import { RelayMeter } from './relay-meter.ts'
import { RelayServer } from './relay-server.ts'

export interface RelaySwitchOptions {
  readonly role: Role
  /** As the machine's operator has it; undefined: as the policy has it. */
  readonly relay: boolean | undefined
  readonly reachProtocol: string
}

export interface RelaySwitchPorts {
  /** The policy has chosen this node. */
  readonly isChosen: () => boolean
  /** Whether it was chosen for this member. */
  readonly serves: (peer: PeerId) => boolean
  /** Others can dial this node, as far as it knows. */
  readonly isReachable: () => boolean
  readonly addresses: () => readonly Uint8Array[]
  readonly admission: Admission
  readonly probe: (address: Multiaddr, signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** Turns this node's relay service on and off while it runs: on for ever where its operator says so, else as long as the policy has
 *  chosen it and others can dial it. What was carried stays on its account. */
export class RelaySwitch {
  readonly #options: RelaySwitchOptions
  readonly #ports: RelaySwitchPorts
  readonly #meter: RelayMeter
  readonly #dialBacks: DialBacks
  #libp2p: Libp2p | undefined
  #server: RelayServer | undefined
  #turning: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: RelaySwitchOptions, ports: RelaySwitchPorts) {
    const { admission, probe, clock, log } = ports
    const isRelay = options.role === 'relay'
    this.#options = options
    this.#ports = ports
    this.#meter = new RelayMeter(
      {
        maxCircuits: isRelay ? maxCircuitsRelay : maxCircuitsOther,
        maxCircuitsPeer,
        bytesPerSecond: isRelay ? relayedBytesPerSecondRelay : relayedBytesPerSecondOther,
        bytesPerSecondPeer: relayedBytesPerSecondPeer,
        burstBytesPeer: relayedBurstBytesPeer,
        maxPeers: maxAccountedPeers,
      },
      () => clock.monotonicMs(),
    )
    const permit = (connection: Connection) => admission.permit(connection)
    this.#dialBacks = new DialBacks({ permit, probe, clock, log })
  }

  /** Before libp2p starts, so that identify names what is on from the start. */
  async handle(libp2p: Libp2p): Promise<void> {
    this.#libp2p = libp2p
    this.look()
    await this.#turning
  }

  /** Called every second, and when links change. */
  look(): void {
    const isWanted = this.#isWanted()
    if (this.#libp2p === undefined || this.#isStopped || isWanted === (this.#server !== undefined)) return
    const server = isWanted ? this.#makeServer() : undefined
    const before = this.#server
    this.#server = server
    before?.stop()
    this.#turning = this.#turning
      .then(() => (server === undefined ? this.#turnOff() : this.#turnOn(server)))
      .catch((error: unknown) => this.#ports.log('relay-failed', { error: messageOf(error) }))
  }

  stop(): void {
    this.#isStopped = true
    this.#server?.stop()
  }

  /** Undefined while it is off. */
  view(): Relaying | undefined {
    const server = this.#server
    if (server === undefined) return undefined
    const held = server.reservations()
    return {
      reservations: held.length,
      reserved: held.slice(0, maxShownAccounts),
      circuits: this.#meter.circuits,
      open: server.open().slice(0, maxShownAccounts),
      bytes: this.#meter.bytes,
      refused: this.#meter.refused,
      accounts: this.#meter.accounts().slice(0, maxShownAccounts),
    }
  }

  #isWanted(): boolean {
    const { relay } = this.#options
    const { isChosen, isReachable } = this.#ports
    return relay ?? (isChosen() && isReachable())
  }

  async #turnOn(server: RelayServer): Promise<void> {
    await this.#libp2p?.handle(
      hopProtocol,
      (stream: Stream, connection: Connection) => server.serve(stream, connection),
      // One place more than circuits, for reservations.
      { maxInboundStreams: maxCircuitsPeer + 1 },
    )
    await this.#libp2p?.handle(this.#options.reachProtocol, (stream, connection) =>
      this.#dialBacks.serve(stream, connection),
    )
    if (this.#options.relay === undefined) this.#ports.log('relay-on', { by: 'policy' })
  }

  async #turnOff(): Promise<void> {
    await this.#libp2p?.unhandle([hopProtocol, this.#options.reachProtocol])
    this.#ports.log('relay-off', { chosen: this.#ports.isChosen() })
  }

  #makeServer(): RelayServer {
    const { admission, addresses, serves, clock, log } = this.#ports
    const { role, relay } = this.#options
    return new RelayServer(
      { maxReservations: role === 'relay' ? maxReservationsRelay : maxReservationsOther },
      {
        permit: (connection) => admission.permit(connection),
        serves: (peer) => relay === true || serves(peer),
        directConnections: (peer) => admission.directConnections(peer),
        addresses,
        meter: this.#meter,
        clock,
        log,
      },
    )
  }
}
