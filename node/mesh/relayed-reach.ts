import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Role } from '../core/certificate.ts'
import type { Clock, Random } from '../core/clock.ts'
import { maxOwnAddresses } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { isCircuit, withPeer } from './addresses.ts'
import type { Admission } from './admission.ts'
import { askRelay } from './ask-relay.ts'
import { hopProtocol } from './circuit-messages.ts'
import type { Log } from './mesh.ts'
import { placeOf } from './network-place.ts'
import type { ChosenRelays, Reach } from './reach.ts'
import { askReach } from './reach-check.ts'
import { Reachability } from './reachability.ts'
import { RelaySwitch } from './relay-switch.ts'
import { type RelayLink, Reservations } from './reservations.ts'

export interface RelayedReachOptions {
  readonly role: Role
  /** Undefined: as the policy has it. */
  readonly relay: boolean | undefined
  readonly announce: readonly string[]
  /** Name of the stream on which members ask to be dialled back. */
  readonly reachProtocol: string
}

export interface RelayedReachPorts {
  readonly ownPeer: PeerId
  readonly admission: Admission
  readonly listening: () => readonly Multiaddr[]
  readonly probe: (address: Multiaddr, signal: AbortSignal) => Promise<void>
  /** Whom the policy of the moment has chosen to relay. */
  readonly chosen: () => ChosenRelays
  /** Called when this node's addresses may have changed. */
  readonly moved: () => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** How this node is reached, and how it helps others to be: joins the relay's side, the reservations and the checks. */
export class RelayedReach {
  readonly #options: RelayedReachOptions
  readonly #ports: RelayedReachPorts
  /** Peers that say they relay; only of members it counts. */
  readonly #relaying = new Set<PeerId>()
  readonly #reservations: Reservations
  readonly #reachability: Reachability
  readonly #switch: RelaySwitch

  constructor(options: RelayedReachOptions, ports: RelayedReachPorts) {
    const { admission, chosen, probe, clock, log, moved, random } = ports
    this.#options = options
    this.#ports = ports
    const direct = (relay: PeerId): Connection => {
      const [connection] = admission.directConnections(relay)
      if (connection === undefined) throw new Error('the link to the relay is gone')
      return connection
    }
    this.#reachability = new Reachability({
      listeningPorts: () => this.#ownPorts(),
      relays: () => this.#relays().map(({ relay }) => relay),
      ask: (relay, tcpPorts, signal) => askReach(direct(relay), options.reachProtocol, tcpPorts, signal),
      changed: moved,
      clock,
      log,
    })
    this.#reservations = new Reservations({
      isNeeded: () => this.#reachability.needsRelays(),
      relays: () => this.#relays(),
      ownRelays: () => chosen().own.size,
      reserve: (relay, signal) => askRelay(direct(relay), relay, signal),
      changed: moved,
      clock,
      random,
      log,
    })
    this.#switch = new RelaySwitch(options, {
      isChosen: () => chosen().isChosen,
      serves: (peer) => chosen().serves(peer),
      isReachable: () => !this.#reachability.needsRelays(),
      addresses: () => this.#ownAddresses().map(({ bytes }) => bytes),
      admission,
      probe,
      clock,
      log,
    })
  }

  /** Takes up its streams; before libp2p starts, so that identify names them. */
  async handle(libp2p: Libp2p): Promise<void> {
    libp2p.addEventListener('peer:identify', ({ detail }) => {
      const peer = parsePeerId(detail.peerId.toString())
      if (peer === undefined) return
      if (detail.protocols.includes(hopProtocol)) this.#relaying.add(peer)
      else this.#relaying.delete(peer)
      this.look()
    })
    await this.#switch.handle(libp2p)
  }

  /** The last connection to a peer is gone. */
  forget(peer: PeerId): void {
    this.#relaying.delete(peer)
  }

  isReservedAt(relay: PeerId): boolean {
    return this.#reservations.isHeldAt(relay)
  }

  lacksRelays(): boolean {
    return this.#reservations.lacksRelays()
  }

  /** Whether a reservation is wanted at a relay that is not linked: at any while some are missing, else at those chosen for this node. */
  wouldReserveAt(relay: PeerId): boolean {
    return this.#ports.chosen().own.has(relay) || this.#reservations.lacksAny()
  }

  /** Called every second, and when links change. */
  look(): void {
    this.#ports.admission.dropSpareCircuits()
    this.#reachability.look()
    this.#switch.look()
    this.#reservations.look()
  }

  stop(): void {
    this.#reservations.stop()
    this.#reachability.stop()
    this.#switch.stop()
  }

  /** Own addresses first, those through relays after them, one of each relay in turn; at most `maxOwnAddresses`. */
  addresses(): readonly string[] {
    const own = this.#ownAddresses().map((address) => withPeer(address, this.#ports.ownPeer))
    const relayed = this.#reservations.addresses().map((text) => `${text}/p2p/${this.#ports.ownPeer}`)
    const forRelayed = Math.min(relayed.length, maxOwnAddresses / 2)
    return [...own.slice(0, maxOwnAddresses - forRelayed), ...relayed].slice(0, maxOwnAddresses)
  }

  view(): Reach {
    const relaying = this.#switch.view()
    return {
      listening: this.#listening().map(String),
      needsRelays: this.#reachability.needsRelays(),
      isChosen: this.#options.relay !== false && this.#ports.chosen().isChosen,
      reservations: this.#reservations.views(),
      checks: this.#reachability.checks(),
      ...(relaying === undefined ? {} : { relaying }),
    }
  }

  /** Members that relay and are linked directly. Whoever was chosen while it was linked already has not said so: the policy does. */
  #relays(): readonly RelayLink[] {
    const { admission, chosen } = this.#ports
    const { own, others } = chosen()
    const links: RelayLink[] = []
    for (const relay of new Set([...own, ...this.#relaying])) {
      const [connection] = admission.directConnections(relay)
      if (connection === undefined) continue
      const rank = own.has(relay) ? 0 : others.has(relay) ? 2 : 1
      links.push({ relay, place: placeOf(connection.remoteAddr), rank })
    }
    return links
  }

  #listening(): readonly Multiaddr[] {
    return this.#ports.listening().filter((address) => !isCircuit(address))
  }

  /** Where this node can be dialled without a relay: as its operator says, else as it listens and as others have seen. */
  #ownAddresses(): readonly Multiaddr[] {
    const { announce } = this.#options
    if (announce.length > 0) return announce.map((text) => multiaddr(text))
    const listening = this.#listening()
    const seen = this.#reachability
      .reachedAt()
      .filter((text) => !listening.some((own) => String(own) === text))
    return [...seen.map((text) => multiaddr(text)), ...listening]
  }

  #ownPorts(): readonly number[] {
    const { announce } = this.#options
    const all = [...announce.map((text) => multiaddr(text)), ...this.#listening()]
    const ports = all.flatMap((address) => {
      const [, transport, more] = address.getComponents()
      // Only plain TCP can be dialled back.
      const isPlain = transport?.name === 'tcp' && (more === undefined || more.name === 'p2p')
      return isPlain ? [Number(transport.value)] : []
    })
    return [...new Set(ports)]
  }
}
