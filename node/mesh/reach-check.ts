import type { Connection, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../core/clock.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { messageOf } from '../core/error.ts'
import {
  circuitOpenLimitMs,
  dialBackLimitMs,
  dialBacksPerMinute,
  maxCircuitMessageBytes,
  maxDialBackPorts,
  maxDialBacksAtOnce,
  maxRatedPublishers,
} from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { isCircuit } from './addresses.ts'
import { permitStream } from './guarded-registrar.ts'
import { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import type { Log } from './mesh.ts'
import { Places } from './places.ts'
import { TokenBuckets } from './token-buckets.ts'

/** Can I be reached from where you are? AutoNAT v2's way of asking, among members: the one who is asked dials back, on a
 *  new connection and only to the address that it sees the asker at, so that nobody can be made to dial a third party.
 *
 *      asker → asked   ports, two bytes each, big-endian
 *      asked → asker   one byte for each port (1 reached, 0 not), then the address it was tried at, without a port
 *
 *  libp2p's own service dials whatever a stranger names, does not answer for private networks, and is sure of a *no* only
 *  after eight of them (docs/decisions/relays.md). */
export interface ReachAnswer {
  /** Multiaddrs without a peer id, as they were tried. */
  readonly reached: readonly string[]
  readonly tried: readonly string[]
}

/** Asks one member. Undefined when it cannot tell.
 *  @throws MigError `timeout`, `not-reachable` */
export async function askReach(
  connection: Connection,
  protocol: string,
  ports: readonly number[],
  signal: AbortSignal,
): Promise<ReachAnswer | undefined> {
  const asked = ports.slice(0, maxDialBackPorts)
  const stream = await connection.newStream(protocol, { signal })
  const frames = new Libp2pFrameStream(stream)
  try {
    await frames.write(Uint8Array.from(asked.flatMap((port) => [port >>> 8, port & 255])), { signal })
    const answer = await frames.read({ signal, maxBytes: maxCircuitMessageBytes })
    if (answer === undefined || answer.length <= asked.length) return undefined
    const host = readHost(utf8Decode(answer.subarray(asked.length)) ?? '')
    if (host === undefined) return undefined
    const addressOf = (port: number) => `${host}/tcp/${port}`
    return {
      tried: asked.map(addressOf),
      reached: asked.filter((_, index) => answer[index] === 1).map(addressOf),
    }
  } finally {
    await frames.close()
  }
}

/** `/ip4/…` or `/ip6/…` and nothing else: a peer wrote it. */
function readHost(text: string): string | undefined {
  if (text.length > 64) return undefined
  try {
    const address = multiaddr(text)
    const [only, ...more] = address.getComponents()
    return more.length === 0 && (only?.name === 'ip4' || only?.name === 'ip6')
      ? address.toString()
      : undefined
  } catch {
    return undefined
  }
}

/** Dials members back that ask for it. */
export class DialBacks {
  readonly #ports: {
    readonly permit: (connection: Connection) => Promise<boolean>
    /** Dials without keeping the connection. Resolves when the peer itself answers there. */
    readonly probe: (address: Multiaddr, signal: AbortSignal) => Promise<void>
    readonly log: Log
  }
  readonly #rates: TokenBuckets
  readonly #places = new Places(maxDialBacksAtOnce)

  constructor(ports: {
    permit: (connection: Connection) => Promise<boolean>
    probe: (address: Multiaddr, signal: AbortSignal) => Promise<void>
    clock: Clock
    log: Log
  }) {
    this.#ports = ports
    this.#rates = new TokenBuckets(
      { perMinute: dialBacksPerMinute, burst: dialBacksPerMinute, maxNames: maxRatedPublishers },
      () => ports.clock.monotonicMs(),
    )
  }

  async serve(stream: Stream, connection: Connection): Promise<void> {
    const { permit, log } = this.#ports
    if (isCircuit(connection.remoteAddr)) return stream.abort(new Error('a relay sees no address of yours'))
    if (!(await permitStream(stream, connection, permit))) return
    const peer = parsePeerId(connection.remotePeer.toString()) as PeerId // admitted, so it is one
    const [host] = connection.remoteAddr.getComponents()
    if (!this.#rates.take(peer) || (host?.name !== 'ip4' && host?.name !== 'ip6'))
      return stream.abort(new Error('not now'))
    const frames = new Libp2pFrameStream(stream)
    const signal = AbortSignal.timeout(circuitOpenLimitMs)
    try {
      const request = await frames.read({ signal, maxBytes: 2 * maxDialBackPorts })
      const seenAt = `/${host.name}/${host.value}`
      const verdicts = await Promise.all(
        portsOf(request).map((port) => this.#dialBack(`${seenAt}/tcp/${port}/p2p/${peer}`, signal)),
      )
      await frames.write(Uint8Array.from([...verdicts, ...utf8(seenAt)]), { signal })
      await frames.close()
    } catch (error) {
      log('reach-check-failed', { peer, error: messageOf(error) })
      stream.abort(new Error('the check failed'))
    }
  }

  async #dialBack(address: string, signal: AbortSignal): Promise<0 | 1> {
    const leave = await this.#places.take(signal)
    try {
      await this.#ports.probe(
        multiaddr(address),
        AbortSignal.any([signal, AbortSignal.timeout(dialBackLimitMs)]),
      )
      return 1
    } catch {
      return 0 // refused, silent or somebody else: not reachable there
    } finally {
      leave()
    }
  }
}

function portsOf(request: Uint8Array | undefined): readonly number[] {
  const ports: number[] = []
  for (let i = 0; i + 1 < (request?.length ?? 0); i += 2)
    ports.push(((request?.[i] as number) << 8) | (request?.[i + 1] as number))
  return ports.filter((port) => port > 0)
}
