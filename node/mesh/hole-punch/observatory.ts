import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import { MigError } from '../../core/error.ts'
import {
  maxObservations,
  maxPunchFrameBytes,
  observeLimitMs,
  observesPerMinutePeer,
} from '../../core/limits.ts'
import { type PeerId, parsePeerId } from '../../core/peer-id.ts'
import { Libp2pFrameStream } from '../libp2p-frame-stream.ts'
import type { FrameStream } from '../mesh.ts'
import { TokenBuckets } from '../token-buckets.ts'
import { withDeadline } from './deadline.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { decodeObserve, encodeObserve, type ObserveMessage } from './punch-message.ts'

/** The third member's part in a punch: it says where it sees a port, to whose port it is and to the one peer that this
 *  named. So neither side has to believe the other where it is. Any member does this; it costs a few hundred bytes. */
export class Observatory {
  readonly #ports: { readonly isMember: (peer: PeerId) => boolean; readonly clock: Clock }
  /** By who is seen and who may know it. */
  readonly #seen = new Map<string, Endpoint>()
  readonly #rates: TokenBuckets

  constructor(ports: { isMember: (peer: PeerId) => boolean; clock: Clock }) {
    this.#ports = ports
    this.#rates = new TokenBuckets(
      { perMinute: observesPerMinutePeer, burst: observesPerMinutePeer / 2, maxNames: 1000 },
      () => ports.clock.monotonicMs(),
    )
  }

  /** Serves one question. The connection itself need not be admitted, since Noise has proved whose it is: its peer must
   *  be a member over another one. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peer = parsePeerId(connection.remotePeer.toString())
    if (peer === undefined || !this.#ports.isMember(peer) || !this.#rates.take(peer)) {
      stream.abort(new Error('not observed for you'))
      return
    }
    const frames = new Libp2pFrameStream(stream)
    try {
      await withDeadline(this.#ports.clock, observeLimitMs, never, async (signal) => {
        const message = await readObserve(frames, signal)
        const at = this.#answer(message, peer, connection)
        await frames.write(encodeObserve({ v: 1, kind: 'seen', ...(at === undefined ? {} : { at }) }), {
          signal,
        })
        await frames.close()
      })
    } catch {
      frames.abort('no observation') // whoever asked sees that; it costs us nothing more
    }
  }

  #answer(message: ObserveMessage, peer: PeerId, connection: Connection): Endpoint | undefined {
    if (message.kind === 'where') return this.#seen.get(`${message.peer} ${peer}`)
    if (message.kind === 'seen') return undefined
    const at = endpointOf(connection.remoteAddr)
    if (at === undefined) return undefined
    const key = `${peer} ${message.for}`
    this.#seen.set(key, at)
    const oldest = this.#seen.keys().next().value
    if (this.#seen.size > maxObservations && oldest !== undefined) this.#seen.delete(oldest)
    connection.addEventListener('close', () => {
      if (this.#seen.get(key) === at) this.#seen.delete(key)
    })
    return at
  }
}

/** Asks a relay one question; the stream is used up. */
export async function observe(
  stream: Stream,
  question: Extract<ObserveMessage, { kind: 'me' | 'where' }>,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  const frames = new Libp2pFrameStream(stream)
  try {
    await frames.write(encodeObserve(question), { signal })
    const answer = await readObserve(frames, signal)
    if (answer.kind !== 'seen') throw new MigError('bad-input', `observe: expected seen, got ${answer.kind}`)
    return answer.at
  } finally {
    await frames.close()
  }
}

async function readObserve(frames: FrameStream, signal: AbortSignal): Promise<ObserveMessage> {
  const frame = await frames.read({ signal, maxBytes: maxPunchFrameBytes })
  const message = frame === undefined ? undefined : decodeObserve(frame)
  if (message === undefined) throw new MigError('bad-input', 'observe: a message does not fit its schema')
  return message
}

const never = new AbortController().signal
