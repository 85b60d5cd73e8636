import { isIP } from 'node:net'
import { connect as startTls } from 'node:tls'
import type { Logger } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createWebSocketStream, WebSocket } from 'ws'
import { MigError } from '../core/error.ts'
import { maxWebSocketMessageBytes } from '../core/limits.ts'
import { DuplexConnection } from './duplex-connection.ts'
import type { SocketOpener } from './socket-opener.ts'
import { parseWebSocketAddress } from './websocket-address.ts'

/** Opens a WebSocket and makes a connection of it.
 *
 *  TLS here is what gets through a firewall and no more: whose certificate it is does not matter, because Noise inside proves the
 *  peer id, and a proxy that opens TLS sees only ciphertext.
 *  @throws MigError `not-reachable` */
export async function dialWebSocket(
  address: Multiaddr,
  ports: { readonly opener: SocketOpener; readonly log: Logger; readonly signal: AbortSignal },
): Promise<DuplexConnection> {
  const { opener, log, signal } = ports
  const target = parseWebSocketAddress(address)
  if (target === undefined) throw new MigError('bad-input', `${address} is no WebSocket address`)
  const { host, port, isSecure } = target
  const socket = await opener.open({ host, port }, signal)
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const webSocket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://${authority}/`, {
    createConnection: () =>
      isSecure
        ? startTls({
            socket,
            ...(isIP(host) === 0 ? { servername: host } : {}),
            rejectUnauthorized: false,
            ALPNProtocols: ['http/1.1'],
          })
        : socket,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: maxWebSocketMessageBytes,
  })
  const duplex = createWebSocketStream(webSocket)
  await new Promise<void>((resolve, reject) => {
    const settle = (done: () => void) => {
      signal.removeEventListener('abort', abort)
      webSocket.off('open', opened)
      duplex.off('error', failed)
      done()
    }
    const opened = () => settle(resolve)
    const failed = (error: Error) =>
      settle(() => {
        duplex.on('error', () => undefined) // what follows the first failure
        socket.destroy()
        reject(
          new MigError('not-reachable', `no WebSocket at ${authority}: ${error.message}`, { cause: error }),
        )
      })
    const abort = () => failed(signal.reason)
    webSocket.once('open', opened)
    duplex.once('error', failed)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  return new DuplexConnection(duplex, { remoteAddr: address, direction: 'outbound', log })
}
