import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { isInOffice, isNeighbour, officePort, officesOf } from '../../../node/mesh/discovery/office.ts'

const interfaces = {
  lo: [anAddress('127.0.0.1', '255.0.0.0', true)],
  eth0: [anAddress('192.0.2.10', '255.255.255.0', false)],
  wlan0: [anAddress('198.51.100.7', '255.255.255.128', false)],
}
function anAddress(address: string, netmask: string, internal: boolean) {
  return { address, netmask, internal, family: 'IPv4', mac: '00:00:00:00:00:00', cidr: null } as const
}
const peer = '/p2p/12D3KooWPxBKgjHS6VW2mbuWTMeS7S1rTzb5FmH1WDqZkKmGLMNV'

test.each([
  ['listens on all interfaces', ['/ip4/0.0.0.0/tcp/7373'], [], true],
  ['listens on one address', ['/ip4/192.0.2.10/tcp/7373'], [], true],
  ['dials somebody elsewhere', [], ['/ip4/203.0.113.1/tcp/7373'], true],
  [
    'listens on loopback only, as demo and tests do',
    ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'],
    ['/ip4/203.0.113.1/tcp/1'],
    false,
  ],
  ['dials on loopback only', [], ['/ip4/127.0.0.1/tcp/7373'], false],
  ['knows nobody yet', [], [], false],
  ['is in one process with the others', ['/memory/a'], ['/memory/b'], false],
])('by itself, one who %s is heard in the office: %j %j', (_, listen, bootstrap, expected) => {
  expect(isInOffice(listen, bootstrap)).toBe(expected)
})

test('is heard in the networks that it listens on, never on loopback', () => {
  const addresses = (listen: string[]) => officesOf(listen, interfaces).map(({ address }) => address)
  expect(addresses(['/ip4/0.0.0.0/tcp/7373'])).toEqual(['192.0.2.10', '198.51.100.7'])
  expect(addresses(['/ip4/192.0.2.10/tcp/7373'])).toEqual(['192.0.2.10'])
  expect(addresses([])).toEqual(['192.0.2.10', '198.51.100.7'])
  expect(addresses(['/ip4/127.0.0.1/tcp/7373'])).toEqual([])
})

test('knows who is in the same network', () => {
  const office = { address: '198.51.100.7', netmask: '255.255.255.128' }
  expect(isNeighbour('198.51.100.126', office)).toBe(true)
  expect(isNeighbour('198.51.100.128', office)).toBe(false)
  expect(isNeighbour('203.0.113.1', office)).toBe(false)
})

test('offers a port that others there can dial', () => {
  const port = (...texts: string[]) =>
    officePort(
      texts.map((text) => multiaddr(text)),
      false,
    )
  expect(port('/ip4/127.0.0.1/tcp/1', '/ip4/192.0.2.10/tcp/443/ws', '/ip4/192.0.2.10/tcp/7373')).toBe(7373)
  expect(port('/ip4/127.0.0.1/tcp/1')).toBeUndefined()
  expect(port(`/ip4/203.0.113.1/tcp/1${peer}/p2p-circuit`)).toBeUndefined()
})
