import { networkInterfaces } from 'node:os'
import type { Connection, Libp2p, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Random } from '../../core/clock.ts'
import { MigError, messageOf } from '../../core/error.ts'
import { firstPunchPort, punchPorts } from '../../core/limits.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { Settled } from '../links.ts'
import { addressOf, type Endpoint, parseEndpoint } from './endpoint.ts'
import { observe } from './observatory.ts'
import type { Probe, PunchSockets, Relay, Side } from './punch-ports.ts'

/** Sockets of a punch over libp2p's own TCP transport and upgrader, so that what comes out of it is a connection like any
 *  other. libp2p's dialler is left out: it cannot be given a local port or a side, and hands out connections that exist. */
export class Libp2pPunchSockets implements PunchSockets {
  readonly #options: { readonly observeProtocol: string }
  readonly #ports: PunchSocketPorts
  readonly #tcp: Transport
  readonly #probes = new WeakSet<Multiaddr>()

  constructor(options: { observeProtocol: string }, ports: PunchSocketPorts) {
    this.#options = options
    this.#ports = ports
    this.#tcp = tcp()({ logger: ports.libp2p.logger })
  }

  /** A probe is no link: nobody enrols on it and nothing but the question travels. */
  isProbe(connection: Connection): boolean {
    return this.#probes.has(connection.remoteAddr)
  }

  async probe(relay: Relay, forPeer: PeerId, signal: AbortSignal): Promise<Probe> {
    const localPort = firstPunchPort + Math.floor(this.#ports.random.fraction() * punchPorts)
    const address = addressOf(relay.at, relay.peer)
    this.#probes.add(address)
    const connection = await this.#connect(address, { localPort, side: 'initiator' }, signal)
    const close = () =>
      void connection.close().catch((error: unknown) => connection.abort(new Error(messageOf(error))))
    try {
      const stream = await connection.newStream(this.#options.observeProtocol, { signal })
      const seen = await observe(stream, { v: 1, kind: 'me', for: forPeer }, signal)
      if (seen === undefined) throw new MigError('not-reachable', 'the relay does not see where we come from')
      return { localPort, seen, untranslated: isOwnAddress(seen.ip), close }
    } catch (error) {
      close()
      throw error
    }
  }

  async whereIs(relay: Relay, peer: PeerId, signal: AbortSignal): Promise<Endpoint | undefined> {
    const [connection] = this.#ports.connections(relay.peer)
    if (connection === undefined) throw new MigError('not-reachable', 'the link to the relay is gone')
    const stream = await connection.newStream(this.#options.observeProtocol, { signal })
    return observe(stream, { v: 1, kind: 'where', peer }, signal)
  }

  punch(
    { peer, at, localPort, side }: Parameters<PunchSockets['punch']>[0],
    signal: AbortSignal,
  ): Promise<void> {
    return this.#admitted(addressOf(at, peer), { localPort, side }, signal)
  }

  dial({ peer, at }: Parameters<PunchSockets['dial']>[0], signal: AbortSignal): Promise<void> {
    return this.#admitted(addressOf(at, peer), { side: 'initiator' }, signal)
  }

  async #admitted(address: Multiaddr, how: How, signal: AbortSignal): Promise<void> {
    const connection = await this.#connect(address, how, signal)
    const outcome = await this.#ports.settled(connection)
    if (outcome.kind !== 'admitted') throw new MigError('not-reachable', outcome.reason)
  }

  async #connect(address: Multiaddr, { localPort, side }: How, parent: AbortSignal): Promise<Connection> {
    const { libp2p, upgrader } = this.#ports
    parent.throwIfAborted()
    // Node destroys a socket whenever its signal aborts, also long after it has connected: it gets one of its own.
    const dialling = new AbortController()
    const giveUp = () => dialling.abort(parent.reason)
    parent.addEventListener('abort', giveUp, { once: true })
    let connected: Connection | undefined
    const noteOpened = ({ detail }: CustomEvent<Connection>) => {
      if (detail.remoteAddr === address) connected = detail
    }
    libp2p.addEventListener('connection:open', noteOpened)
    const ours = {
      upgradeOutbound: async (raw: MultiaddrConnection, options: object) => {
        const upgrade = { ...options, signal: dialling.signal }
        if (side === 'initiator') return upgrader.upgradeOutbound(raw, upgrade)
        // yamux takes its side from the direction of the raw connection, Noise from which of the two upgrades it is.
        Object.assign(raw, { direction: 'inbound' })
        await upgrader.upgradeInbound(raw, upgrade)
        return connected
      },
    }
    try {
      const options = { signal: dialling.signal, upgrader: ours as unknown as Upgrader }
      // What TCP does not know of its options goes through to net.connect (11.0.28, utils.js).
      const local = localPort === undefined ? {} : { localPort }
      await this.#tcp.dial(address, { ...options, ...local })
      if (connected === undefined) throw new MigError('not-reachable', 'the connection ended as it opened')
      return connected
    } catch (error) {
      parent.throwIfAborted() // says more than 'aborted'
      throw error
    } finally {
      parent.removeEventListener('abort', giveUp)
      libp2p.removeEventListener('connection:open', noteOpened)
    }
  }
}

function isOwnAddress(ip: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return own.some(
    ({ address, family }) => parseEndpoint(family === 'IPv6' ? `[${address}]:1` : `${address}:1`)?.ip === ip,
  )
}

interface How {
  readonly localPort?: number
  readonly side: Side
}

export interface PunchSocketPorts {
  readonly libp2p: Pick<Libp2p, 'addEventListener' | 'removeEventListener' | 'logger'>
  readonly upgrader: Upgrader
  /** A peer's admitted connections. */
  readonly connections: (peer: PeerId) => readonly Connection[]
  /** How the judgement of a connection ends. */
  readonly settled: (connection: Connection) => Promise<Settled>
  readonly random: Random
}
