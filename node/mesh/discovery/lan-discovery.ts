import type { Clock, Random } from '../../core/clock.ts'
import { messageOf } from '../../core/error.ts'
import { lanAnswerGapMs, maxLanQuestionMs, minLanQuestionMs } from '../../core/limits.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { DialTarget } from '../addresses.ts'
import type { Log } from '../mesh.ts'
import { LanNeighbours } from './lan-neighbours.ts'
import { LanCodec } from './mdns-message.ts'

/** The port for multicast: what is sent reaches everybody in the office, and the sender too. */
export interface Lan {
  send(bytes: Uint8Array): void
  /** Looks whether the machine has moved to another network. */
  refresh(): void
  close(): Promise<void>
}
export type OpenLan = (received: (bytes: Uint8Array, address: string) => void) => Promise<Lan>

/** Finds members in the same office, without anybody else's help (protocol 6.3): who lacks links asks, at first soon and then
 *  every minute; who listens answers. Who has enough links is silent. */
export class LanDiscovery {
  readonly #options: LanOptions
  readonly #ports: LanPorts
  readonly #codec: LanCodec
  readonly #neighbours: LanNeighbours
  #lan: Lan | undefined
  #callOffTick: () => void = () => undefined
  #callOffAnswer: (() => void) | undefined
  #answeredMs = Number.NEGATIVE_INFINITY
  #gapMs = minLanQuestionMs
  #stopped = false

  constructor(options: LanOptions, ports: LanPorts) {
    this.#options = options
    this.#ports = ports
    this.#codec = new LanCodec(options.fleet)
    this.#neighbours = new LanNeighbours(
      { peer: options.ownPeer, listens: () => options.port() !== undefined },
      () => ports.clock.monotonicMs(),
    )
  }

  /** Without multicast a node goes on without this. */
  async start(): Promise<void> {
    const { log, open } = this.#ports
    try {
      this.#lan = await open((bytes, address) => this.#received(bytes, address))
    } catch (error) {
      log('mdns-off', { error: messageOf(error) })
      return
    }
    if (this.#stopped) await this.#lan.close()
    else this.#tick()
  }

  targets(): readonly DialTarget[] {
    return this.#neighbours.targets()
  }

  /** A dial to somebody who was heard of here came to nothing. */
  failed(peer: PeerId): void {
    this.#neighbours.forget(peer)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#callOffTick()
    this.#callOffAnswer?.()
    await this.#lan?.close()
  }

  #tick(): void {
    const { clock, random, wants } = this.#ports
    this.#attempt((lan) => lan.refresh())
    if (wants()) {
      this.#attempt((lan) => lan.send(this.#codec.question()))
      this.#gapMs = Math.min(this.#gapMs * 2, maxLanQuestionMs)
    } else {
      // Whoever loses its links asks soon again.
      this.#gapMs = minLanQuestionMs
    }
    const waitMs = wants() ? this.#gapMs * (0.75 + random.fraction() / 2) : maxLanQuestionMs / 6
    this.#callOffTick = clock.after(waitMs, () => this.#tick())
  }

  #received(bytes: Uint8Array, address: string): void {
    const message = this.#codec.read(bytes)
    if (message === undefined || this.#stopped) return
    if (message.kind === 'question') {
      this.#answerSoon()
    } else if (this.#neighbours.hear(message.peer, address, message.port)) {
      this.#ports.log('mdns-heard', { peer: message.peer, address, port: message.port })
      this.#ports.found()
    }
  }

  /** After a moment, so that a whole office does not answer at once, and once however often it is asked (RFC 6762, 6). */
  #answerSoon(): void {
    const { clock, random } = this.#ports
    if (this.#callOffAnswer !== undefined || this.#options.port() === undefined) return
    const gapMs = this.#answeredMs + lanAnswerGapMs - clock.monotonicMs()
    this.#callOffAnswer = clock.after(Math.max(20 + 100 * random.fraction(), gapMs), () => {
      this.#callOffAnswer = undefined
      this.#answeredMs = clock.monotonicMs()
      const port = this.#options.port()
      if (port !== undefined)
        this.#attempt((lan) => lan.send(this.#codec.answer(this.#options.ownPeer, port)))
    })
  }

  #attempt(act: (lan: Lan) => void): void {
    try {
      if (this.#lan !== undefined) act(this.#lan)
    } catch (error) {
      this.#ports.log('mdns-failed', { error: messageOf(error) })
    }
  }
}

export interface LanOptions {
  readonly fleet: string
  readonly ownPeer: PeerId
  /** The TCP port that others in the office may dial; undefined for a node that only dials. */
  readonly port: () => number | undefined
}

export interface LanPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly open: OpenLan
  /** Links are missing. */
  readonly wants: () => boolean
  /** There is somebody new to dial. */
  readonly found: () => void
}
