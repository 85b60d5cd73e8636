import type { Connection, Stream } from '@libp2p/interface'
import type { Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  gossipOnLimitMs,
  maxLargeCredentialsAtOnce,
  relayedLinkSpareMs,
  replaceableLinkMs,
  smallCredentialBytes,
  verdictLingerMs,
} from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { isCircuit, relayOf } from './addresses.ts'
import { answer, type EnrolOutcome, type EnrolPorts, judgeSafely, presentTo } from './enrol.ts'
import type { Gossip } from './gossip.ts'
import { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import { type Link, Links, newLink, type Settled } from './links.ts'
import type { Log, Member, MeshHandlers } from './mesh.ts'
import { Places } from './places.ts'

interface AdmittedMember {
  member: Member
  readonly remotePeer: Connection['remotePeer']
  announced: boolean
  readonly callOff: () => void
}

/** Who is a member (protocol 1.5). Every connection is judged by itself; a peer is a member while one of its
 *  connections is admitted. */
export class Admission {
  readonly #options: { readonly enrolLimitMs: number; readonly protocol: string }
  readonly #ports: {
    readonly handlers: Pick<MeshHandlers, 'credentials' | 'judge' | 'joined' | 'left'>
    readonly gossip: Gossip
    readonly forget: (connection: Connection) => void
    readonly clock: Clock
    readonly log: Log
  }
  readonly #links = new Links()
  readonly #members = new Map<PeerId, AdmittedMember>()
  readonly #largeCredentials = new Places(maxLargeCredentialsAtOnce)
  #stopped = false

  constructor(
    options: { enrolLimitMs: number; protocol: string },
    ports: {
      handlers: Pick<MeshHandlers, 'credentials' | 'judge' | 'joined' | 'left'>
      gossip: Gossip
      /** Called when the last connection to a peer is gone. */
      forget: (connection: Connection) => void
      clock: Clock
      log: Log
    },
  ) {
    this.#options = options
    this.#ports = ports
    ports.gossip.onChange = (peer) => this.#announceWhenOn(peer)
  }

  members(): readonly Member[] {
    return [...this.#members.values()].map(({ member }) => member)
  }

  isMember(peer: PeerId): boolean {
    return this.#members.has(peer)
  }

  memberCount(): number {
    return this.#members.size
  }

  /** Inbound connections of strangers. */
  strangerCount(): number {
    let count = 0
    for (const { state, connection } of this.#links.all()) {
      if (state !== 'admitted' && connection.direction === 'inbound') count++
    }
    return count
  }

  /** A peer's admitted connections: the direct ones first, of each kind the newest. */
  connections(peer: PeerId): readonly Connection[] {
    const open = this.#links
      .of(peer)
      .filter((link) => link.state === 'admitted' && link.connection.status === 'open')
      .map((link) => link.connection)
      .reverse()
    const isRelayed = (connection: Connection) => isCircuit(connection.remoteAddr)
    return [...open.filter((connection) => !isRelayed(connection)), ...open.filter(isRelayed)]
  }

  /** Those in which no relay stands. */
  directConnections(peer: PeerId): readonly Connection[] {
    return this.connections(peer).filter(({ remoteAddr }) => !isCircuit(remoteAddr))
  }

  /** Gives up relayed connections to members that a direct one has led to for a while: a relay's line is not ours. */
  dropSpareCircuits(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const isDirect = ({ connection }: Link) => !isCircuit(connection.remoteAddr)
    for (const link of [...this.#links.all()]) {
      if (link.state !== 'admitted' || isDirect(link)) continue
      const lasting = this.#links
        .of(link.peer)
        .some(
          (other) =>
            other.state === 'admitted' && isDirect(other) && nowMs - other.openedMs >= relayedLinkSpareMs,
        )
      if (lasting) this.#abort(link, 'there is a direct connection')
    }
  }

  /** How the judgement of a connection ends. */
  async settled(connection: Connection): Promise<Settled> {
    const link = this.#links.get(connection)
    return link === undefined ? { kind: 'failed', reason: 'the connection was closed' } : link.settled
  }

  /** Whether streams of a connection may be served; waits for its judgement. */
  async permit(connection: Connection): Promise<boolean> {
    const link = this.#links.get(connection)
    if (link === undefined) return false
    await link.settled
    return link.state === 'admitted'
  }

  /** libp2p tells of a new connection. */
  opened(connection: Connection): void {
    const peer = parsePeerId(connection.remotePeer.toString())
    if (peer === undefined || this.#stopped || this.#links.get(connection) !== undefined) return
    const link = newLink(connection, peer, this.#ports.clock.monotonicMs())
    link.callOff = this.#ports.clock.after(this.#options.enrolLimitMs, () => {
      this.#end(link, { kind: 'failed', reason: `not admitted within ${this.#options.enrolLimitMs} ms` })
    })
    const sole = this.#links.of(peer).length === 0
    this.#links.add(link)
    if (connection.direction === 'outbound') void this.#present(link, sole)
  }

  /** libp2p tells of a closed connection. */
  closed(connection: Connection): void {
    const link = this.#links.get(connection)
    if (link === undefined) return
    this.#links.remove(link)
    link.callOff()
    link.controller.abort(new Error('the connection was closed'))
    link.settle({ kind: 'failed', reason: 'the connection was closed' })
    link.state = 'refused'
    this.#dropUnlinked(link.peer)
    if (this.#links.of(link.peer).length === 0) this.#ports.forget(connection)
  }

  /** Serves an inbound enrol stream: one a connection, on connections that the other side opened. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const link = this.#links.get(connection)
    if (
      link === undefined ||
      link.enrolling ||
      link.state !== 'judging' ||
      connection.direction !== 'inbound'
    ) {
      stream.abort(new Error('no enrolment on this connection'))
      return
    }
    link.enrolling = true
    const frames = new Libp2pFrameStream(stream)
    await this.#enrol(link, (ports) => answer(frames, ports, link.controller.signal))
  }

  /** Closes every connection to a peer. */
  expel(peer: PeerId, reason: string): void {
    this.#ports.log('peer-expelled', { peer, reason })
    for (const link of this.#links.of(peer)) this.#abort(link, reason)
    this.#dropUnlinked(peer)
  }

  /** From now on no handler is called. */
  stop(): void {
    this.#stopped = true
    for (const { callOff } of this.#members.values()) callOff()
    for (const link of this.#links.all()) {
      link.callOff()
      link.controller.abort(new Error('stopped'))
    }
  }

  async #present(link: Link, sole: boolean): Promise<void> {
    link.enrolling = true
    await this.#enrol(link, async (ports) => {
      const { signal } = link.controller
      const options = { signal, runOnLimitedConnection: true }
      const stream = await link.connection.newStream(this.#options.protocol, options)
      return presentTo(new Libp2pFrameStream(stream), sole, ports, signal)
    })
  }

  async #enrol(link: Link, run: (ports: EnrolPorts) => Promise<EnrolOutcome>): Promise<void> {
    const { handlers, gossip, log } = this.#ports
    const { peer } = link
    let leave = () => {}
    const ports: EnrolPorts = {
      credentials: handlers.credentials,
      judge: async (credentials) => {
        if (gossip.isGraylisted(peer)) return { kind: 'refused', reason: 'sent too many bad messages' }
        return judgeSafely(
          () => handlers.judge(peer, credentials),
          (error) => log('judge-failed', { peer, error }),
        )
      },
      room: async (bytes) => {
        if (bytes > smallCredentialBytes) leave = await this.#largeCredentials.take(link.controller.signal)
      },
    }
    try {
      const outcome = await run(ports)
      if (outcome.kind === 'admitted') this.#admit(link, outcome.role, outcome.sole)
      else this.#end(link, outcome)
    } catch (error) {
      this.#end(link, { kind: 'failed', reason: messageOf(error) })
    } finally {
      leave()
    }
  }

  #admit(link: Link, role: Role, sole: boolean): void {
    const { clock, gossip, log } = this.#ports
    const { connection, peer } = link
    if (link.state !== 'judging' || this.#stopped || connection.status !== 'open') return
    link.callOff()
    link.state = 'admitted'
    if (sole && connection.direction === 'inbound') this.#replaceOlder(link)
    const known = this.#members.get(peer)
    const connectedAtMs = known === undefined || sole ? clock.now() : known.member.connectedAtMs
    this.#members.set(peer, {
      member: this.#describe(peer, role, connectedAtMs, connection),
      remotePeer: connection.remotePeer,
      announced: known?.announced ?? false,
      callOff: known?.callOff ?? clock.after(gossipOnLimitMs, () => this.#announce(peer)),
    })
    const address = connection.remoteAddr.toString()
    log('peer-admitted', { peer, role, direction: connection.direction, address })
    // Before the streams that wait for this: gossip takes up a peer's subscriptions only once it knows the peer.
    if (known?.member.relayed === true && !isCircuit(connection.remoteAddr)) gossip.moveTo(connection)
    else gossip.connect(connection)
    link.settle({ kind: 'admitted' })
    this.#announceWhenOn(peer)
  }

  /** The peer has no other connection to us, so what we hold besides is dead: it lost its network or started anew.
   *  Young ones stay: when both sides dial at once each believes its own to be the only one. */
  #replaceOlder(link: Link): void {
    const old = this.#links
      .of(link.peer)
      .filter((other) => link.openedMs - other.openedMs > replaceableLinkMs)
    if (old.length === 0) return
    for (const other of old) this.#abort(other, 'replaced by a newer connection')
    this.#ports.gossip.disconnect(link.connection.remotePeer)
  }

  #end(link: Link, outcome: Exclude<Settled, { kind: 'admitted' }>): void {
    if (link.state !== 'judging') return
    link.callOff()
    link.state = 'refused'
    link.controller.abort(new Error(outcome.reason))
    link.settle(outcome)
    this.#ports.log('peer-not-admitted', { peer: link.peer, ...outcome })
    const close = () => link.connection.abort(new Error(outcome.reason))
    // Closing at once would overtake our verdict on its way; the other side closes as soon as it has read it.
    if (outcome.kind === 'refused' && outcome.by === 'us')
      link.callOff = this.#ports.clock.after(verdictLingerMs, close)
    else close()
  }

  #abort(link: Link, reason: string): void {
    link.callOff()
    link.state = 'refused'
    link.controller.abort(new Error(reason))
    link.settle({ kind: 'refused', by: 'us', reason })
    link.connection.abort(new Error(reason))
  }

  /** A member as its best connection shows it. */
  #describe(peer: PeerId, role: Role, connectedAtMs: number, fallback: Connection): Member {
    const { remoteAddr, direction } = this.connections(peer)[0] ?? fallback
    const relay = isCircuit(remoteAddr) ? relayOf(remoteAddr) : undefined
    return {
      peer,
      role,
      connectedAtMs,
      address: remoteAddr.toString(),
      direction,
      relayed: isCircuit(remoteAddr),
      ...(relay === undefined ? {} : { relay }),
    }
  }

  /** One of a member's connections is gone, another is left: gossip may have been on the first. */
  #moveToRest(peer: PeerId, known: AdmittedMember): void {
    const [rest] = this.connections(peer)
    if (rest === undefined || this.#stopped) return
    known.member = this.#describe(peer, known.member.role, known.member.connectedAtMs, rest)
    this.#ports.gossip.connect(rest)
  }

  #dropUnlinked(peer: PeerId): void {
    const known = this.#members.get(peer)
    if (known === undefined) return
    if (this.#links.of(peer).some((link) => link.state === 'admitted')) {
      this.#moveToRest(peer, known)
      return
    }
    this.#members.delete(peer)
    known.callOff()
    this.#ports.gossip.disconnect(known.remotePeer)
    if (known.announced && !this.#stopped) this.#tell('left', () => this.#ports.handlers.left(peer))
  }

  #announceWhenOn(peer: PeerId): void {
    if (this.#members.get(peer)?.announced === false && this.#ports.gossip.isOn(peer)) this.#announce(peer)
  }

  #announce(peer: PeerId): void {
    const known = this.#members.get(peer)
    if (known === undefined || known.announced || this.#stopped) return
    known.announced = true
    known.callOff()
    this.#tell('joined', () => this.#ports.handlers.joined(known.member))
  }

  #tell(event: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#ports.log('handler-failed', { event, error: messageOf(error) })
    }
  }
}
