import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { maxServedStreamsPeer, streamCloseLimitMs } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { permitStream } from './guarded-registrar.ts'
import { Libp2pFrameStream } from './libp2p-frame-stream.ts'
import type { Log, MeshHandlers } from './mesh.ts'
import type { ServedStream } from './topics.ts'

/** Hands inbound streams of admitted members to the floor above, a few of each member at a time. */
export class ServedStreams {
  readonly #ports: {
    readonly handlers: Pick<MeshHandlers, 'stream'>
    readonly permit: (connection: Connection) => Promise<boolean>
    readonly clock: Clock
    readonly log: Log
  }
  readonly #open = new Map<PeerId, number>()

  constructor(ports: {
    handlers: Pick<MeshHandlers, 'stream'>
    permit: (connection: Connection) => Promise<boolean>
    clock: Clock
    log: Log
  }) {
    this.#ports = ports
  }

  handlerOf(name: ServedStream): StreamHandler {
    return async (stream, connection) => {
      const { permit, log } = this.#ports
      if (!(await permitStream(stream, connection, permit))) return
      const peer = parsePeerId(connection.remotePeer.toString()) as PeerId // admitted, so it is one
      const open = this.#open.get(peer) ?? 0
      if (open >= maxServedStreamsPeer) {
        log('too-many-streams', { peer, name })
        stream.abort(new Error('too many streams at once'))
        return
      }
      this.#open.set(peer, open + 1)
      stream.addEventListener('close', () => this.#closed(peer), { once: true })
      await this.#serve(name, peer, stream)
    }
  }

  async #serve(name: ServedStream, peer: PeerId, stream: Stream): Promise<void> {
    const { handlers, clock, log } = this.#ports
    const frames = new Libp2pFrameStream(stream)
    try {
      await handlers.stream(name, peer, frames)
      await frames.close()
      // A stream is gone when both sides have closed; nobody here reads the other side's rest.
      if (stream.status === 'open') {
        const callOff = clock.after(streamCloseLimitMs, () =>
          frames.abort('nobody reads this stream any more'),
        )
        stream.addEventListener('close', callOff, { once: true })
      }
    } catch (error) {
      log('stream-handler-failed', { peer, name, error: messageOf(error) })
      frames.abort('the handler failed')
    }
  }

  #closed(peer: PeerId): void {
    const open = (this.#open.get(peer) ?? 1) - 1
    if (open <= 0) this.#open.delete(peer)
    else this.#open.set(peer, open)
  }
}
