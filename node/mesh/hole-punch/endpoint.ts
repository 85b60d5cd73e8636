import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { CODE_IP4, CODE_IP6, CODE_P2P, CODE_TCP, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../../core/peer-id.ts'

/** Where TCP may connect to: a numeric address in its one spelling, and a port. No names, no zones, no paths. */
export interface Endpoint {
  /** IPv4 dotted, or IPv6 as RFC 5952 writes it. */
  readonly ip: string
  /** 1 … 65535 */
  readonly port: number
}

/** Reads `203.0.113.5:4001` or `[2001:db8::5]:4001`; undefined for anything else.
 *  IPv4 in IPv6's clothes (`::ffff:10.0.0.1`) becomes IPv4, or it would pass for a public address. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, six, four, digits] =
    /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):([1-9][0-9]{0,4})$/.exec(text) ?? []
  const ip = six === undefined ? four : canonicalIp(six)
  const port = Number(digits)
  if (ip === undefined || port > 65_535 || (six === undefined && !isIPv4(ip))) return undefined
  return { ip, port }
}

export function formatEndpoint({ ip, port }: Endpoint): string {
  return isIPv4(ip) ? `${ip}:${port}` : `[${ip}]:${port}`
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.port === b.port
}

/** The endpoint of a plain TCP address, `/p2p/<id>` at its end or not; undefined for names, WebSockets and circuits. */
export function endpointOf(address: Multiaddr): Endpoint | undefined {
  const [host, tcp, peer, ...more] = address.getComponents()
  if (host?.value === undefined || tcp?.code !== CODE_TCP || tcp.value === undefined || more.length > 0)
    return undefined
  if (peer !== undefined && peer.code !== CODE_P2P) return undefined
  if (host.code === CODE_IP4) return parseEndpoint(`${host.value}:${tcp.value}`)
  return host.code === CODE_IP6 ? parseEndpoint(`[${host.value}]:${tcp.value}`) : undefined
}

/** A new object each time: connections are told apart by it. */
export function addressOf({ ip, port }: Endpoint, peer: PeerId): Multiaddr {
  return multiaddr(`/${isIPv4(ip) ? 'ip4' : 'ip6'}/${ip}/tcp/${port}/p2p/${peer}`)
}

function canonicalIp(six: string): string | undefined {
  if (!isIPv6(six)) return undefined
  const { address } = new SocketAddress({ address: six, family: 'ipv6' })
  const mapped = /^::ffff:(.+)$/.exec(address)?.[1]
  return mapped !== undefined && isIPv4(mapped) ? mapped : address
}
