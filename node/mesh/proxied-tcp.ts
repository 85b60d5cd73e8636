import {
  type Connection,
  type DialTransportOptions,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import { type TCPComponents, tcp } from '@libp2p/tcp'
import { getNetConfig } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { DuplexConnection } from './duplex-connection.ts'
import type { SocketOpener } from './socket-opener.ts'

/** libp2p's TCP, whose dials may go through the opener's proxy. */
export function proxiedTcp(opener: SocketOpener): (components: TCPComponents) => Transport {
  return (components) => {
    const inner = tcp()(components)
    const log = components.logger.forComponent('mig:tcp')
    return {
      [transportSymbol]: true,
      [Symbol.toStringTag]: '@libp2p/tcp',
      createListener: (options) => inner.createListener(options),
      listenFilter: (addresses) => inner.listenFilter(addresses),
      dialFilter: (addresses) => inner.dialFilter(addresses),
      async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
        const { host, port = 0 } = getNetConfig(address)
        const socket = await opener.open({ host, port }, options.signal)
        const connection = new DuplexConnection(socket, { remoteAddr: address, direction: 'outbound', log })
        try {
          return await options.upgrader.upgradeOutbound(connection, options)
        } catch (error) {
          connection.abort(error as Error)
          throw error
        }
      },
    }
  }
}
