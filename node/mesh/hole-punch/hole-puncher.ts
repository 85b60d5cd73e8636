import type { Connection, Stream } from '@libp2p/interface'
import type { Clock, Random } from '../../core/clock.ts'
import { messageOf } from '../../core/error.ts'
import {
  maxPunchesAtOnce,
  punchAttemptMs,
  punchAttempts,
  punchesPerMinute,
  punchesPerMinutePeer,
  punchPauseMs,
} from '../../core/limits.ts'
import { type PeerId, parsePeerId } from '../../core/peer-id.ts'
import { isCircuit, relayOf } from '../addresses.ts'
import { permitStream } from '../guarded-registrar.ts'
import { Libp2pFrameStream } from '../libp2p-frame-stream.ts'
import type { Log } from '../mesh.ts'
import { TokenBuckets } from '../token-buckets.ts'
import { withDeadline } from './deadline.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import type { DeclineReason } from './punch-message.ts'
import type { PunchSockets, Relay } from './punch-ports.ts'
import { answerPunch, decline, type PunchOutcome, startPunch } from './punch-session.ts'

/** Tries for a direct connection to every member that joins through a relay. Failing costs nothing but the tries: the
 *  relayed connection stays until gossip runs over a direct one. Of two peers the one with the lower id starts. */
export class HolePuncher {
  readonly #options: { readonly ownPeer: PeerId; readonly protocol: string }
  readonly #ports: HolePuncherPorts
  readonly #busy = new Set<PeerId>()
  readonly #peerRates: TokenBuckets
  readonly #rate: TokenBuckets
  readonly #stopping = new AbortController()

  constructor(options: { ownPeer: PeerId; protocol: string }, ports: HolePuncherPorts) {
    this.#options = options
    this.#ports = ports
    const nowMs = () => ports.clock.monotonicMs()
    const perPeer = { perMinute: punchesPerMinutePeer, burst: punchesPerMinutePeer, maxNames: 1000 }
    this.#peerRates = new TokenBuckets(perPeer, nowMs)
    this.#rate = new TokenBuckets(
      { perMinute: punchesPerMinute, burst: punchesPerMinute / 2, maxNames: 1 },
      nowMs,
    )
  }

  /** A member has joined. */
  joined(member: { readonly peer: PeerId; readonly relayed: boolean }): void {
    const { ownPeer } = this.#options
    if (member.relayed && ownPeer < member.peer) void this.#start(member.peer)
  }

  /** Serves one attempt that another member starts. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const { permit, clock, log } = this.#ports
    if (!(await permitStream(stream, connection, permit))) return
    const peer = parsePeerId(connection.remotePeer.toString()) as PeerId // admitted, so it is one
    const frames = new Libp2pFrameStream(stream)
    const relay = this.#relayOf(connection)
    const refusal = this.#refusal(peer, connection, relay)
    try {
      await withDeadline(clock, punchAttemptMs, this.#stopping.signal, async (signal) => {
        if (refusal !== undefined || relay === undefined)
          return decline(frames, refusal ?? 'no-way-to-relay', signal)
        this.#busy.add(peer)
        try {
          this.#tell(peer, await answerPunch(this.#context(peer, relay, frames), signal))
        } finally {
          this.#busy.delete(peer)
        }
      })
      await frames.close()
    } catch (error) {
      frames.abort('the attempt failed')
      if (!this.#stopping.signal.aborted) log('hole-punch-failed', { peer, reason: messageOf(error) })
    }
  }

  stop(): void {
    this.#stopping.abort(new Error('stopped'))
  }

  async #start(peer: PeerId): Promise<void> {
    const { clock, random, log } = this.#ports
    const { signal } = this.#stopping
    const reasons: string[] = []
    if (this.#busy.has(peer) || this.#busy.size >= maxPunchesAtOnce) return
    this.#busy.add(peer)
    try {
      for (let attempt = 1; attempt <= punchAttempts; attempt++) {
        const outcome = await this.#attempt(peer)
        if (outcome === undefined) return
        if (outcome.kind !== 'failed') return this.#tell(peer, outcome)
        reasons.push(outcome.reason)
        await clock.sleep(punchPauseMs * (0.5 + random.fraction()), signal)
      }
      log('hole-punch-failed', { peer, reason: reasons.join('; ') })
    } catch (error) {
      // Whatever it is, the relayed connection goes on.
      if (!signal.aborted) log('hole-punch-failed', { peer, reason: messageOf(error) })
    } finally {
      this.#busy.delete(peer)
    }
  }

  /** @returns undefined when there is nothing to do (any more) */
  async #attempt(peer: PeerId): Promise<PunchOutcome | undefined> {
    const { clock, connections } = this.#ports
    const links = connections(peer)
    const relayed = links.find(({ remoteAddr }) => isCircuit(remoteAddr))
    if (relayed === undefined || links.some(({ remoteAddr }) => !isCircuit(remoteAddr))) return undefined
    const relay = this.#relayOf(relayed)
    if (relay === undefined) return { kind: 'declined', reason: 'no-way-to-relay' }
    try {
      return await withDeadline(clock, punchAttemptMs, this.#stopping.signal, async (signal) => {
        const stream = await relayed.newStream(this.#options.protocol, {
          signal,
          runOnLimitedConnection: true,
        })
        const frames = new Libp2pFrameStream(stream)
        try {
          return await startPunch(this.#context(peer, relay, frames), signal)
        } finally {
          await frames.close()
        }
      })
    } catch (error) {
      this.#stopping.signal.throwIfAborted()
      return { kind: 'failed', reason: messageOf(error) }
    }
  }

  #context(peer: PeerId, relay: Relay, stream: Libp2pFrameStream) {
    const { sockets, clock, listen } = this.#ports
    return { peer, relay, stream, sockets, clock, listen: listen() }
  }

  #refusal(peer: PeerId, connection: Connection, relay: Relay | undefined): DeclineReason | undefined {
    if (!isCircuit(connection.remoteAddr)) return 'not-relayed'
    if (relay === undefined) return 'no-way-to-relay'
    if (this.#busy.has(peer) || this.#busy.size >= maxPunchesAtOnce) return 'busy'
    return this.#peerRates.take(peer) && this.#rate.take('all') ? undefined : 'rate'
  }

  /** The relay of a circuit, where this node itself reaches it by TCP. Both ends find the same member: it carries them. */
  #relayOf(relayed: Connection): Relay | undefined {
    const peer = relayOf(relayed.remoteAddr)
    if (peer === undefined) return undefined
    for (const { direction, remoteAddr } of this.#ports.connections(peer)) {
      const at = direction === 'outbound' ? endpointOf(remoteAddr) : undefined
      if (at !== undefined) return { peer, at }
    }
    return undefined
  }

  #tell(peer: PeerId, outcome: PunchOutcome): void {
    const { log } = this.#ports
    if (outcome.kind === 'direct') log('hole-punched', { peer, by: outcome.by })
    else log('hole-punch-failed', { peer, reason: outcome.reason })
  }
}

export interface HolePuncherPorts {
  readonly sockets: PunchSockets
  /** A peer's admitted connections. */
  readonly connections: (peer: PeerId) => readonly Connection[]
  readonly permit: (connection: Connection) => Promise<boolean>
  /** Where this node listens. */
  readonly listen: () => readonly Endpoint[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
