import type { Multiaddr } from '@multiformats/multiaddr'

/** Roughly the network that an address stands in: /16 of IPv4, /48 of IPv6, else the name. Relays in one such place are
 *  likely to fall together; nothing else is concluded from it. */
export function placeOf(address: Multiaddr): string {
  const [first] = address.getComponents()
  if (first?.value === undefined) return ''
  if (first.name === 'ip4') return `${first.value.split('.').slice(0, 2).join('.')}.`
  if (first.name === 'ip6') return first.value.split(':').slice(0, 3).join(':')
  return first.value
}

/** How an address is reached from here, by its first part alone. */
export function isLoopback(address: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
}

/** In a network of the address's own that the Internet does not route: an office, a home, a machine.
 *  RFC 1918, 6598 (carriers' NAT is not an office: left out), 3927, 4193, 4291. */
export function isPrivateNetwork(address: string): boolean {
  return /^\/(ip4\/(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.|ip6\/(::1|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:))/i.test(
    address,
  )
}
