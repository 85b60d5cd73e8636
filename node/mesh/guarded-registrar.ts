import type { Connection, PeerId as Libp2pPeerId, Stream, StreamHandler, Topology } from '@libp2p/interface'
import { PacedReader } from './paced-reader.ts'

/** The part of libp2p's registrar that gossipsub uses (`@libp2p/interface-internal` is no dependency of ours). */
export interface Registrar {
  handle(protocol: string, handler: StreamHandler, options?: object): Promise<void>
  unhandle(protocol: string): Promise<void>
  register(protocol: string, topology: Topology): Promise<string>
  unregister(id: string): void
}

/** Stands between gossipsub and libp2p. gossipsub would open its streams to whoever identify names, strangers too, and
 *  a SUBSCRIBE that is dropped then is never sent again; so it is told of a peer only when that peer is admitted,
 *  and what an unjudged peer opens waits for its judgement. (Not libp2p's own middleware: 3.3.11 appends the handler
 *  of every stream to the one list that it shares between streams.) */
export class GuardedRegistrar implements Registrar {
  readonly #registrar: Registrar
  readonly #permit: (connection: Connection) => Promise<boolean>
  readonly #topologies = new Map<string, Topology>()

  /** @param permit resolves once a connection is judged */
  constructor(registrar: Registrar, permit: (connection: Connection) => Promise<boolean>) {
    this.#registrar = registrar
    this.#permit = permit
  }

  handle(protocol: string, handler: StreamHandler, options?: object): Promise<void> {
    const guarded: StreamHandler = async (stream, connection) => {
      if (!(await permitStream(stream, connection, this.#permit))) return
      await handler(pacedStream(stream), connection)
    }
    return this.#registrar.handle(protocol, guarded, options)
  }

  unhandle(protocol: string): Promise<void> {
    return this.#registrar.unhandle(protocol)
  }

  async register(protocol: string, topology: Topology): Promise<string> {
    this.#topologies.set(protocol, topology)
    return protocol
  }

  unregister(id: string): void {
    this.#topologies.delete(id)
  }

  /** Tells gossipsub that an admitted peer is there. May be told again: it opens only the stream that is missing. */
  connect(connection: Connection): void {
    for (const topology of new Set(this.#topologies.values()))
      topology.onConnect?.(connection.remotePeer, connection)
  }

  disconnect(peer: Libp2pPeerId): void {
    for (const topology of new Set(this.#topologies.values())) topology.onDisconnect?.(peer)
  }
}

/** Holds a stream, unread, until its connection is judged. False when it was refused and reset. */
export async function permitStream(
  stream: Stream,
  connection: Connection,
  permit: (connection: Connection) => Promise<boolean>,
): Promise<boolean> {
  if (stream.readStatus === 'readable') stream.pause()
  if (await permit(connection)) {
    if (stream.readStatus === 'paused') stream.resume()
    return true
  }
  stream.abort(new Error('not admitted'))
  return false
}

/** An inbound gossip stream that is read only as fast as its messages are judged. When gossipsub is done with it, it is
 *  reset: closing only our end would leave the other side writing to nobody, for ever. And a reset by the other side
 *  ends it quietly: gossipsub would forget the whole peer, also the newer stream that replaced this one. */
function pacedStream(stream: Stream): Stream {
  const reset = () => stream.abort(new Error('gossip stream is done'))
  const paced = {
    id: stream.id,
    protocol: stream.protocol,
    close: async () => reset(),
    abort: reset,
    async *[Symbol.asyncIterator]() {
      const reader = new PacedReader(stream)
      const never = new AbortController().signal
      try {
        for (let chunk = await reader.next(never); chunk !== undefined; chunk = await reader.next(never))
          yield chunk
      } catch {
        // Reset: the same as its end.
      } finally {
        reset()
      }
    },
  }
  // gossipsub's inbound side iterates, closes and aborts; it uses nothing else of a stream (17.1.1, stream.js).
  return paced as unknown as Stream
}
