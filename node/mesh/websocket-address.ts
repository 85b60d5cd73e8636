import {
  CODE_DNS,
  CODE_DNS4,
  CODE_DNS6,
  CODE_IP4,
  CODE_IP6,
  CODE_P2P,
  CODE_TCP,
  CODE_TLS,
  CODE_WS,
  CODE_WSS,
  type Multiaddr,
} from '@multiformats/multiaddr'

/** A WebSocket that can be dialled or listened on. */
export interface WebSocketAddress {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

const hosts: ReadonlySet<number> = new Set([CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6])

/** Reads `/<host>/tcp/<port>/ws`, `…/tls/ws` or `…/wss`, with or without a peer behind; undefined for anything else, such as a
 *  circuit through a relay that is reached by WebSocket. */
export function parseWebSocketAddress(address: Multiaddr): WebSocketAddress | undefined {
  const [host, tcp, ...rest] = address.getComponents()
  const ends = rest.at(-1)?.code === CODE_P2P ? rest.slice(0, -1) : rest
  const codes = ends.map(({ code }) => code).join()
  const isSecure = codes === `${CODE_TLS},${CODE_WS}` || codes === `${CODE_WSS}`
  if (!isSecure && codes !== `${CODE_WS}`) return undefined
  if (host?.value === undefined || !hosts.has(host.code) || tcp?.code !== CODE_TCP) return undefined
  return { host: host.value, port: Number(tcp.value), isSecure }
}
