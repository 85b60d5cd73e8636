import {
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
  type Transport,
  TypedEventEmitter,
  transportSymbol,
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { SocketOpener } from './socket-opener.ts'
import { parseWebSocketAddress } from './websocket-address.ts'
import type { TlsIdentity, WebSocketServer } from './websocket-server.ts'

/** libp2p over WebSocket (one binary message after the other, as one stream of bytes), for networks that let nothing out but HTTP.
 *  What speaks WebSocket is loaded when the first address needs it. */
export function webSocketTransport(
  opener: SocketOpener,
  tls: TlsIdentity | undefined,
): (components: { readonly logger: ComponentLogger }) => Transport {
  const filter = (addresses: Multiaddr[]) =>
    addresses.filter((address) => parseWebSocketAddress(address) !== undefined)
  return ({ logger }) => ({
    [transportSymbol]: true,
    [Symbol.toStringTag]: 'mig/websocket',
    listenFilter: filter,
    dialFilter: filter,
    createListener: ({ upgrader }) => new LazyListener(upgrader, logger, tls),
    async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
      const { dialWebSocket } = await import('./websocket-client.ts')
      const log = logger.forComponent('mig:websocket')
      const connection = await dialWebSocket(address, { opener, log, signal: options.signal })
      try {
        return await options.upgrader.upgradeOutbound(connection, options)
      } catch (error) {
        connection.abort(error as Error)
        throw error
      }
    },
  })
}

class LazyListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #upgrader: CreateListenerOptions['upgrader']
  readonly #logger: ComponentLogger
  readonly #tls: TlsIdentity | undefined
  #server: WebSocketServer | undefined

  constructor(
    upgrader: CreateListenerOptions['upgrader'],
    logger: ComponentLogger,
    tls: TlsIdentity | undefined,
  ) {
    super()
    this.#upgrader = upgrader
    this.#logger = logger
    this.#tls = tls
  }

  async listen(address: Multiaddr): Promise<void> {
    const { serveWebSockets } = await import('./websocket-server.ts')
    const ports = { upgrader: this.#upgrader, log: this.#logger.forComponent('mig:websocket') }
    this.#server = await serveWebSockets(address, this.#tls, ports)
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    return [...(this.#server?.addresses() ?? [])]
  }

  async close(): Promise<void> {
    await this.#server?.close()
    this.safeDispatchEvent('close')
  }

  updateAnnounceAddrs(): void {
    // Nothing is added to what it listens on.
  }
}
