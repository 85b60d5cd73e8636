import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Logger, Upgrader } from '@libp2p/interface'
import { getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createWebSocketStream, WebSocketServer as Handshakes, type WebSocket } from 'ws'
import { MigError } from '../core/error.ts'
import { enrolLimitMs, maxStrangersRelay, maxWebSocketMessageBytes } from '../core/limits.ts'
import { DuplexConnection } from './duplex-connection.ts'
import { parseWebSocketAddress, type WebSocketAddress } from './websocket-address.ts'

/** A certificate and its private key, PEM. */
export interface TlsIdentity {
  readonly certificate: string
  readonly key: string
}

export interface WebSocketServer {
  /** What it listens on, one address an interface. */
  addresses(): readonly Multiaddr[]
  close(): Promise<void>
}

/** Listens for WebSockets and hands each to libp2p as an inbound connection.
 *  @throws MigError `bad-input` for `/tls/ws` without a certificate, and what listening fails with */
export async function serveWebSockets(
  address: Multiaddr,
  tls: TlsIdentity | undefined,
  ports: { readonly upgrader: Upgrader; readonly log: Logger },
): Promise<WebSocketServer> {
  const target = parseWebSocketAddress(address)
  if (target === undefined) throw new MigError('bad-input', `${address} is no WebSocket address`)
  const suffix = target.isSecure ? '/tls/ws' : '/ws'
  const server = createHttp(target.isSecure, tls)
  const stopping = new AbortController()
  const raw = new Set<Socket>()
  /** By remote address: with TLS the socket that a request comes by is another one. */
  const strangers = new Map<string, Socket>()
  const handshakes = new Handshakes({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxWebSocketMessageBytes,
    clientTracking: false,
  })

  server.on('connection', (socket: Socket) => {
    // Before its first byte a connection costs a socket and nothing says who it is of: libp2p's bounds begin after the handshake.
    if (strangers.size >= maxStrangersRelay) return socket.destroy()
    const name = nameOf(socket)
    raw.add(socket)
    strangers.set(name, socket)
    socket.once('close', () => {
      raw.delete(socket)
      strangers.delete(name)
    })
    return undefined
  })
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  server.on('clientError', (_error: Error, socket: Socket) => socket.destroy())
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end()
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    handshakes.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request))
  })

  function accept(webSocket: WebSocket, request: IncomingMessage): void {
    const { remoteAddress, remotePort } = request.socket
    strangers.delete(nameOf(request.socket))
    const duplex = createWebSocketStream(webSocket)
    duplex.on('error', () => undefined) // the connection made of it tells libp2p
    if (remoteAddress === undefined || remotePort === undefined) return void duplex.destroy()
    const remoteAddr = ipPortToMultiaddr(remoteAddress, remotePort).encapsulate(suffix)
    const connection = new DuplexConnection(duplex, { remoteAddr, direction: 'inbound', log: ports.log })
    ports.upgrader.upgradeInbound(connection, { signal: stopping.signal }).catch((error: Error) => {
      connection.abort(error)
    })
  }

  await listen(server, target)
  const { port } = server.address() as AddressInfo
  return {
    addresses: () => getThinWaistAddresses(address, port).map((plain) => plain.encapsulate(suffix)),
    async close() {
      stopping.abort(new Error('stopped'))
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of raw) socket.destroy()
      await closed
    },
  }
}

const bounds = {
  headersTimeout: enrolLimitMs,
  requestTimeout: enrolLimitMs,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
} as const

function createHttp(isSecure: boolean, tls: TlsIdentity | undefined): Server {
  if (!isSecure) return createServer(bounds)
  if (tls === undefined) {
    throw new MigError('bad-input', 'an address with /tls/ws needs a certificate and its key', {
      hint: 'set tlscertificate and tlskey in mig.toml, or listen on …/ws',
    })
  }
  const { certificate: cert, key } = tls
  try {
    return createTlsServer({
      ...bounds,
      cert,
      key,
      handshakeTimeout: enrolLimitMs,
      ALPNProtocols: ['http/1.1'],
    })
  } catch (cause) {
    throw new MigError('bad-input', 'the TLS certificate and key cannot be used together', { cause })
  }
}

async function listen(server: Server, { host, port }: WebSocketAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
