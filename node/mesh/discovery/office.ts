import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { tryGetNetConfig } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** An IPv4 network that this machine is in. */
export interface Office {
  readonly address: string
  readonly netmask: string
}

/** Is multicast to be used where nobody has said yes or no? A node that listens for others, or dials others, on more than its own
 *  machine is in an office; one that is on loopback only is a demo or a test, and is never to be heard outside. */
export function isInOffice(listen: readonly string[], bootstrap: readonly string[]): boolean {
  return (listen.length > 0 ? listen : bootstrap).some((text) => isReal(text))
}

/** The networks in which a node may be heard: those that it listens on, or all where it only dials. Loopback never. */
export function officesOf(
  listen: readonly string[],
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): readonly Office[] {
  const hosts = listen.map((text) => tryGetNetConfig(multiaddr(text))?.host)
  const isOn = (address: string) =>
    listen.length === 0 || hosts.includes('0.0.0.0') || hosts.includes(address)
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && isOn(address))
    .map(({ address, netmask }) => ({ address, netmask }))
}

/** Could a packet with this sender come from that network, without a router in between? */
export function isNeighbour(address: string, office: Office): boolean {
  const mask = numberOf(office.netmask)
  return (numberOf(address) & mask) === (numberOf(office.address) & mask)
}

/** The port that others in the office can dial by TCP.
 *  @param isImagined the office lies on this machine: loopback counts */
export function officePort(listening: readonly Multiaddr[], isImagined: boolean): number | undefined {
  for (const address of listening) {
    const [host, port] =
      /^\/ip4\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(address.toString())?.slice(1) ?? []
    if (host !== undefined && (isImagined || !isLoopback(address))) return Number(port)
  }
  return undefined
}

/** What cannot be read is nowhere; whoever uses it says so. */
function isReal(text: string): boolean {
  try {
    return !isLoopback(multiaddr(text))
  } catch {
    return false
  }
}

function isLoopback(address: Multiaddr): boolean {
  const host = tryGetNetConfig(address)?.host
  // What has no host, such as the transport within one process, leaves no machine either.
  return host === undefined || host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)
}
