import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  circuitOpenLimitMs,
  maxCircuitBytes,
  maxCircuitMessageBytes,
  maxCircuitMs,
  maxCircuitsPeer,
  reservationTtlMs,
} from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { isCircuit } from './addresses.ts'
import {
  type CircuitStatus,
  decodeHopRequest,
  decodeStopStatus,
  encodeHopStatus,
  encodeStopConnect,
  stopProtocol,
} from './circuit-messages.ts'
import { permitStream } from './guarded-registrar.ts'
import { drained, Libp2pFrameStream } from './libp2p-frame-stream.ts'
import type { Log } from './mesh.ts'
import type { Relaying } from './reach.ts'
import type { RelayMeter } from './relay-meter.ts'

/** The relay's side of circuit relay v2, for members only. Not libp2p's own: it reads one end without waiting for the other,
 *  so that one slow reader fills the relay's memory, and it counts nothing (docs/decisions/relays.md). */
export class RelayServer {
  readonly #options: { readonly maxReservations: number }
  readonly #ports: {
    readonly permit: (connection: Connection) => Promise<boolean>
    readonly serves: (peer: PeerId) => boolean
    /** A member's admitted connections that no relay stands in, the newest first. */
    readonly directConnections: (peer: PeerId) => readonly Connection[]
    readonly addresses: () => readonly Uint8Array[]
    readonly meter: RelayMeter
    readonly clock: Clock
    readonly log: Log
  }
  /** Until when, on the monotonic clock. */
  readonly #reservations = new Map<PeerId, number>()
  readonly #open = new Set<OpenCircuit>()
  readonly #running = new AbortController()

  constructor(
    options: { maxReservations: number },
    ports: {
      permit: (connection: Connection) => Promise<boolean>
      /** Whether a member may have a reservation; anybody may open circuits to those that have one. */
      serves: (peer: PeerId) => boolean
      directConnections: (peer: PeerId) => readonly Connection[]
      /** Where this relay can be dialled, in binary. */
      addresses: () => readonly Uint8Array[]
      meter: RelayMeter
      clock: Clock
      log: Log
    },
  ) {
    this.#options = options
    this.#ports = ports
  }

  /** Reservations that are in force. */
  reservations(): Relaying['reserved'] {
    this.#expire()
    const nowMs = this.#ports.clock.monotonicMs()
    return [...this.#reservations].map(([peer, untilMs]) => ({ peer, leftMs: Math.round(untilMs - nowMs) }))
  }

  /** Circuits that are open now. */
  open(): Relaying['open'] {
    const nowMs = this.#ports.clock.monotonicMs()
    return [...this.#open].map(({ from, to, sinceMs, share }) => ({
      from,
      to,
      ageMs: Math.round(nowMs - sinceMs),
      bytes: maxCircuitBytes - Math.max(0, share.leftBytes),
    }))
  }

  stop(): void {
    this.#running.abort(new Error('the relay stops'))
  }

  /** Serves one hop stream: a reservation, or a circuit as long as it lasts. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const { permit, log } = this.#ports
    if (isCircuit(connection.remoteAddr))
      return stream.abort(new Error('no relaying over a relayed connection'))
    if (!(await permitStream(stream, connection, permit))) return
    const peer = parsePeerId(connection.remotePeer.toString()) as PeerId // admitted, so it is one
    const frames = new Libp2pFrameStream(stream)
    const signal = AbortSignal.any([this.#running.signal, AbortSignal.timeout(circuitOpenLimitMs)])
    try {
      const frame = await frames.read({ signal, maxBytes: maxCircuitMessageBytes })
      const request = frame === undefined ? undefined : decodeHopRequest(frame)
      if (request?.kind === 'reserve') await this.#reserve(peer, frames, signal)
      else if (request?.kind === 'connect') await this.#connect(peer, request.peer, stream, frames, signal)
      else await end(frames, 'malformed-message', signal)
    } catch (error) {
      log('relay-failed', { peer, error: messageOf(error) })
      stream.abort(new Error('the relay could not serve this'))
    }
  }

  async #reserve(peer: PeerId, frames: Libp2pFrameStream, signal: AbortSignal): Promise<void> {
    const { addresses, clock, meter, serves, log } = this.#ports
    this.#expire()
    if (!serves(peer)) {
      meter.refuse(peer)
      return end(frames, 'permission-denied', signal)
    }
    if (!this.#reservations.has(peer) && this.#reservations.size >= this.#options.maxReservations) {
      log('relay-full', { peer, reservations: this.#reservations.size })
      meter.refuse(peer)
      return end(frames, 'reservation-refused', signal)
    }
    if (!this.#reservations.has(peer)) log('relay-reserved', { peer })
    this.#reservations.set(peer, clock.monotonicMs() + reservationTtlMs)
    const expires = Math.floor((clock.now() + reservationTtlMs) / 1000)
    await frames.write(encodeHopStatus('ok', { expires, addresses: addresses() }), { signal })
    await frames.close()
  }

  async #connect(
    from: PeerId,
    to: PeerId,
    stream: Stream,
    frames: Libp2pFrameStream,
    signal: AbortSignal,
  ): Promise<void> {
    const { directConnections, meter, log } = this.#ports
    this.#expire()
    const connection = directConnections(to)[0]
    const refuse = (status: CircuitStatus) => {
      meter.refuse(from)
      return end(frames, status, signal)
    }
    if (from === to) return refuse('permission-denied')
    if (!this.#reservations.has(to) || connection === undefined) return refuse('no-reservation')
    const giveBack = meter.open(from, to)
    if (giveBack === undefined) {
      log('relay-busy', { from, to })
      return refuse('resource-limit-exceeded')
    }
    try {
      const other = await this.#reach(connection, from, signal)
      if (other === undefined) return await end(frames, 'connection-failed', signal)
      await frames.write(encodeHopStatus('ok'), { signal })
      log('relay-circuit', { from, to })
      await this.#carry({ peer: from, stream, frames }, { peer: to, ...other })
    } finally {
      giveBack()
    }
  }

  /** Asks the other end whether it takes the circuit. */
  async #reach(connection: Connection, from: PeerId, signal: AbortSignal) {
    try {
      const stream = await connection.newStream(stopProtocol, {
        signal,
        maxOutboundStreams: maxCircuitsPeer,
      })
      const frames = new Libp2pFrameStream(stream)
      await frames.write(encodeStopConnect(from), { signal })
      const answer = await frames.read({ signal, maxBytes: maxCircuitMessageBytes })
      if (answer !== undefined && decodeStopStatus(answer) === 'ok') return { stream, frames }
      stream.abort(new Error('the circuit was not taken'))
    } catch (error) {
      this.#ports.log('relay-failed', { peer: connection.remotePeer.toString(), error: messageOf(error) })
    }
    return undefined
  }

  /** Carries bytes both ways until either end is done, breaks off or has had its share. */
  async #carry(a: End, b: End): Promise<void> {
    const cut = new AbortController()
    const callOff = this.#ports.clock.after(maxCircuitMs, () =>
      cut.abort(new Error('the circuit is too old')),
    )
    const signal = AbortSignal.any([cut.signal, this.#running.signal])
    const share = { leftBytes: maxCircuitBytes }
    const circuit = { from: a.peer, to: b.peer, sinceMs: this.#ports.clock.monotonicMs(), share }
    this.#open.add(circuit)
    try {
      await Promise.all([this.#pump(a, b, share, signal), this.#pump(b, a, share, signal)])
    } catch (error) {
      cut.abort(error)
      for (const { stream } of [a, b]) stream.abort(new Error(messageOf(error)))
    } finally {
      this.#open.delete(circuit)
      callOff()
    }
  }

  /** Never reads ahead of what the other end takes. */
  async #pump(from: End, to: End, share: { leftBytes: number }, signal: AbortSignal): Promise<void> {
    const { meter, clock } = this.#ports
    const reader = from.frames.reader
    for (let chunk = await reader.next(signal); chunk !== undefined; chunk = await reader.next(signal)) {
      share.leftBytes -= chunk.length
      if (share.leftBytes < 0) throw new Error(`the circuit has carried ${maxCircuitBytes} bytes`)
      if (!to.stream.send(chunk)) await drained(to.stream, signal)
      const waitMs = meter.carried(from.peer, to.peer, chunk.length)
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    }
    await to.stream.close({ signal })
  }

  #expire(): void {
    const { clock, directConnections, serves } = this.#ports
    const nowMs = clock.monotonicMs()
    // Without a link it is worth nothing, and whoever links again asks again.
    for (const [peer, untilMs] of this.#reservations)
      if (untilMs <= nowMs || directConnections(peer).length === 0 || !serves(peer))
        this.#reservations.delete(peer)
  }
}

interface OpenCircuit {
  readonly from: PeerId
  readonly to: PeerId
  readonly sinceMs: number
  readonly share: { readonly leftBytes: number }
}

interface End {
  readonly peer: PeerId
  readonly stream: Stream
  readonly frames: Libp2pFrameStream
}

async function end(frames: Libp2pFrameStream, status: CircuitStatus, signal: AbortSignal): Promise<void> {
  await frames.write(encodeHopStatus(status), { signal })
  await frames.close()
}
