import { BlockList, isIPv4 } from 'node:net'
import { minPunchPort } from '../../core/limits.ts'
import type { Endpoint } from './endpoint.ts'

/** Which part of the world an address belongs to. `never`: nobody's, everybody's, or a way round these rules. */
export type Scope = 'public' | 'private' | 'loopback' | 'never'

/** IANA's special-purpose registries (RFC 6890 and after). Link-local is `never`: no relay can have observed it, and
 *  169.254.169.254 hands out a cloud's secrets. So are the ranges that carry an IPv4 address inside (NAT64, 6to4, Teredo); mapped ones are IPv4 by then (`parseEndpoint`). */
const ranges: readonly (readonly [Exclude<Scope, 'public'>, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']],
  [
    'never',
    [
      '0.0.0.0/8',
      '169.254.0.0/16',
      '192.0.0.0/24',
      '192.0.2.0/24',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '224.0.0.0/3',
      '::/128',
      '::/96',
      '64:ff9b::/96',
      '64:ff9b:1::/48',
      '100::/64',
      '2001::/23',
      '2001:db8::/32',
      '2002::/16',
      'fe80::/9',
      'ff00::/8',
    ],
  ],
]

const lists = ranges.map(([scope, subnets]) => {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net = '', length] = subnet.split('/')
    list.addSubnet(net, Number(length), net.includes(':') ? 'ipv6' : 'ipv4')
  }
  return { scope, list }
})

export function scopeOf(ip: string): Scope {
  const family = isIPv4(ip) ? 'ipv4' : 'ipv6'
  return lists.find(({ list }) => list.check(ip, family))?.scope ?? 'public'
}

/** How a relay sees this node. */
export interface OwnView {
  readonly seen: Endpoint
  /** At one of this machine's own addresses: no NAT stands between the relay and this node. */
  readonly untranslated: boolean
}

/** May this node connect to where a relay says that it sees a peer? A public address: yes. A private or loopback one
 *  means another host in every network: only where the relay sees this node itself by its own address of that kind, so
 *  that both live in one network as far as one can know. Never below port 1024, where the world keeps its services.
 *  @see docs/decisions/hole-punching.md, What a liar gains */
export function mayPunch(target: Endpoint, own: OwnView): boolean {
  if (target.port < minPunchPort) return false
  if (isIPv4(target.ip) !== isIPv4(own.seen.ip)) return false
  const scope = scopeOf(target.ip)
  return scope === 'public' || (scope !== 'never' && own.untranslated && scope === scopeOf(own.seen.ip))
}

/** Of the addresses that a peer says it listens on, those that a relay bears out: nobody makes us dial a third host. */
export function borneOut(listen: readonly Endpoint[], seen: Endpoint, own: OwnView): readonly Endpoint[] {
  return listen.filter((endpoint) => endpoint.ip === seen.ip && mayPunch(endpoint, own))
}
