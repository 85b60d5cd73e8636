import type { Transport } from '@libp2p/interface'
import { type TCPComponents, tcp } from '@libp2p/tcp'
import type { Clock } from '../core/clock.ts'
import type { HttpProxy } from '../core/http-proxy.ts'
import { proxiedTcp } from './proxied-tcp.ts'
import { connectDirectly } from './proxy-connect.ts'
import { SocketOpener } from './socket-opener.ts'
import type { TlsIdentity } from './websocket-server.ts'
import { webSocketTransport } from './websocket-transport.ts'

/** What a node may need to get out of its network, and be reached from such a one. */
export interface Outward {
  /** Asked where a direct connection does not come about. */
  readonly proxy?: HttpProxy | undefined
  /** For listening on `/tls/ws`. */
  readonly tls?: TlsIdentity | undefined
}

/** TCP and WebSocket, both through the proxy where there is one. */
export function outwardTransports(
  { proxy, tls }: Outward,
  clock: Clock,
): readonly ((components: TCPComponents) => Transport)[] {
  const opener = new SocketOpener(proxy, { clock, connect: connectDirectly })
  return [proxy === undefined ? tcp() : proxiedTcp(opener), webSocketTransport(opener, tls)]
}
