import type { Clock, Instant } from '../../node/core/clock.ts'
import { MigError } from '../../node/core/error.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { type Endpoint, formatEndpoint } from '../../node/mesh/hole-punch/endpoint.ts'
import type { Probe, PunchSockets, Side } from '../../node/mesh/hole-punch/punch-ports.ts'
import type { FrameStream } from '../../node/mesh/mesh.ts'

/** Time that passes only when everybody waits for it. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  now(): Instant {
    return this.#nowMs as Instant
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const callOff = this.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        callOff()
        reject(signal.reason)
      })
    })
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  /** Lets time pass until a task is done. */
  async finish<T>(task: Promise<T>): Promise<T> {
    let done = false
    const settled = task.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve))
      if (done) break
      const next = this.#timers.reduce<number>(
        (least, { atMs }) => Math.min(least, atMs),
        Number.POSITIVE_INFINITY,
      )
      if (next === Number.POSITIVE_INFINITY) throw new Error('everybody waits and nobody ever goes on')
      this.#nowMs = Math.max(this.#nowMs, next)
      const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
      this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs)
      for (const { run } of due) run()
    }
    return settled
  }
}

/** Two ends of a stream on which every frame takes so long. */
export function streamPair(clock: Clock, delayMs: number): readonly [FrameStream, FrameStream] {
  const [there, back] = [new Pipe(), new Pipe()]
  const end = (out: Pipe, into: Pipe): FrameStream => ({
    read: ({ signal }) => into.next(signal),
    write: async (frame) => void clock.after(delayMs, () => out.push(frame)),
    close: async () => void clock.after(delayMs, () => out.push(undefined)),
    abort: () => out.push(undefined),
  })
  return [end(there, back), end(back, there)]
}

class Pipe {
  readonly #frames: (Uint8Array | undefined)[] = []
  #wake: () => void = () => {}

  push(frame: Uint8Array | undefined): void {
    this.#frames.push(frame)
    this.#wake()
  }

  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    while (this.#frames.length === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    return this.#frames.shift()
  }
}

export interface Attempt {
  readonly how: 'punch' | 'dial'
  readonly at: Endpoint
  readonly localPort?: number
  readonly side?: Side
  readonly atMs: number
}

export interface SimulatedHost {
  readonly sockets: PunchSockets
  /** Every connection that it tried to make, relay apart. */
  readonly attempts: readonly Attempt[]
  readonly openProbes: () => number
}

export interface HostPlan {
  readonly peer: PeerId
  /** What the world sees. */
  readonly ip: string
  /** `keeps`: NAT or firewall that leaves the port; `changes`: another port for each flow. */
  readonly port: 'keeps' | 'changes'
  /** No NAT between it and the relay. */
  readonly untranslated?: boolean
  /** Where it may be dialled, by anybody. */
  readonly open?: Endpoint
}

/** An internet of NATs as far as a punch sees it, and a relay that tells the truth, or what a test puts in its mouth. */
export class SimulatedInternet {
  readonly #clock: Clock
  readonly #seen = new Map<string, Endpoint>()
  readonly #waiting: { from: Endpoint; to: Endpoint; side: Side; through: () => void }[] = []
  readonly #open = new Set<string>()
  #ports = 20_000
  /** Overrides what the relay says of a peer. */
  readonly lies = new Map<PeerId, Endpoint | undefined>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  host({ peer, ip, port, untranslated = false, open }: HostPlan): SimulatedHost {
    if (open !== undefined) this.#open.add(formatEndpoint(open))
    const attempts: Attempt[] = []
    let probes = 0
    const mapped = (localPort: number): Endpoint => ({
      ip,
      port: port === 'keeps' ? localPort : this.#ports++,
    })
    const sockets: PunchSockets = {
      probe: async (_relay, forPeer): Promise<Probe> => {
        const localPort = this.#ports++
        const seen = mapped(localPort)
        this.#seen.set(`${peer} ${forPeer}`, seen)
        probes++
        return { localPort, seen, untranslated, close: () => void probes-- }
      },
      whereIs: async (_relay, other) =>
        this.lies.has(other) ? this.lies.get(other) : this.#seen.get(`${other} ${peer}`),
      punch: ({ at, localPort, side }, signal) => {
        attempts.push({ how: 'punch', at, localPort, side, atMs: this.#clock.monotonicMs() })
        return this.#openAtOnce(mapped(localPort), at, side, signal)
      },
      dial: async ({ at }, signal) => {
        attempts.push({ how: 'dial', at, atMs: this.#clock.monotonicMs() })
        if (this.#open.has(formatEndpoint(at))) return
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        )
      },
    }
    return { sockets, attempts, openProbes: () => probes }
  }

  /** Through when the other side has sent from where we send to, to where we send from, as the other kind of side. */
  #openAtOnce(from: Endpoint, to: Endpoint, side: Side, signal: AbortSignal): Promise<void> {
    const same = (a: Endpoint, b: Endpoint) => formatEndpoint(a) === formatEndpoint(b)
    const other = this.#waiting.find((one) => same(one.from, to) && same(one.to, from) && one.side !== side)
    if (other !== undefined) {
      other.through()
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ from, to, side, through: resolve })
      signal.addEventListener('abort', () => reject(new MigError('timeout', 'nobody came')), { once: true })
    })
  }
}
