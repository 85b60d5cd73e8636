import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { isAddressOfPeer, isBootstrapAddress } from '../../node/core/bootstrap-address.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { parseAddress } from '../../node/mesh/addresses.ts'

const peer = peerIdOf(new Uint8Array(32).fill(7))

test.each([
  `/ip4/192.0.2.1/tcp/7373/p2p/${peer}`,
  `/ip6/2001:db8::1/tcp/443/tls/ws/p2p/${peer}`,
  `/ip6/::ffff:192.0.2.1/tcp/1/p2p/${peer}`,
  `/dns/relay/tcp/443/ws/p2p/${peer}`,
  `/dns4/relay.example.org/tcp/65535/p2p/${peer}`,
])('reads %s as the dialler does', (text) => {
  expect(isBootstrapAddress(text)).toBe(true)
  expect(parseAddress(text)?.peer).toBe(peer)
})

test.each([
  ['no peer', '/ip4/192.0.2.1/tcp/7373'],
  [
    'a peer of another kind of key',
    '/ip4/192.0.2.1/tcp/7373/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
  ],
  ['a port out of range', `/ip4/192.0.2.1/tcp/65536/p2p/${peer}`],
  ['no port', `/ip4/192.0.2.1/tcp/0/p2p/${peer}`],
  ['an octet out of range', `/ip4/192.0.2.256/tcp/1/p2p/${peer}`],
  ['three octets', `/ip4/192.0.2/tcp/1/p2p/${peer}`],
  ['a broken IPv6 address', `/ip6/:::1/tcp/1/p2p/${peer}`],
  ['a path of the file system', `/unix/%2Ftmp%2Fsocket/p2p/${peer}`],
  ['UDP', `/ip4/192.0.2.1/udp/1/p2p/${peer}`],
  ['a way through somebody else', `/ip4/192.0.2.1/tcp/1/p2p/${peer}/p2p-circuit/p2p/${peer}`],
  ['a name with a space', `/dns4/relay example/tcp/1/p2p/${peer}`],
  ['a name that begins with a hyphen', `/dns4/-relay/tcp/1/p2p/${peer}`],
  ['a line break at its end', `/ip4/192.0.2.1/tcp/1/p2p/${peer}\n`],
  ['more than an address has', `/dns4/${'a.'.repeat(300)}a/tcp/1/p2p/${peer}`],
])('refuses %s', (_, text) => {
  expect(isBootstrapAddress(text)).toBe(false)
})

test('whatever passes can be dialled', () => {
  const part = fc.constantFrom(
    'ip4',
    'ip6',
    'dns4',
    'tcp',
    'ws',
    'tls',
    '1.2.3.4',
    '::1',
    'a.b',
    '443',
    '0',
    peer,
    '',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.boolean(), (parts, ends) => {
      const text = `/${parts.join('/')}${ends ? `/p2p/${peer}` : ''}`
      if (isBootstrapAddress(text)) expect(parseAddress(text)?.peer).toBe(peer)
    }),
    { numRuns: 5000 },
  )
})

describe('what a node is told to dial', () => {
  const other = peerIdOf(new Uint8Array(32).fill(8))

  it.each([
    `/ip4/192.0.2.1/tcp/7373/p2p/${peer}`,
    `/ip4/192.0.2.1/tcp/0/p2p/${peer}`,
    `/ip6zone/eth0/ip6/fe80::1/tcp/7373/p2p/${peer}`,
    `/dns4/relay_1.example.org/tcp/443/wss/p2p/${peer}`,
    `/dnsaddr/relay.example.org/p2p/${peer}`,
    `/memory/hub/p2p/${peer}`,
    `/ip4/192.0.2.1/tcp/7373/p2p/${other}/p2p-circuit/p2p/${peer}`,
  ])('is read as the dialler reads it: %s', (text) => {
    expect(parseAddress(text)?.peer).toBe(peer)
    expect(isAddressOfPeer(text)).toBe(true)
  })

  it.each([
    ['no peer', '/ip4/192.0.2.1/tcp/7373'],
    ['the name of a file', 'peers.json'],
    ['the path of a file', `/etc/mig/${peer}`],
    ['no peer that is one', '/ip4/192.0.2.1/tcp/7373/p2p/12D3KooW'],
    ['an octet out of range', `/ip4/192.0.2.256/tcp/1/p2p/${peer}`],
    ['a broken IPv6 address', `/ip6/:::1/tcp/1/p2p/${peer}`],
    ['a port out of range', `/ip4/192.0.2.1/tcp/65536/p2p/${peer}`],
    ['a port with a zero in front', `/ip4/192.0.2.1/tcp/01/p2p/${peer}`],
    ['a line break at its end', `/ip4/192.0.2.1/tcp/1/p2p/${peer}\n`],
    ['more than an address has', `/dns4/${'a.'.repeat(300)}a/tcp/1/p2p/${peer}`],
  ])('is refused before anything starts: %s', (_, text) => {
    expect(isAddressOfPeer(text)).toBe(false)
  })

  it('is never refused where the dialler could read it', () => {
    const host = fc.oneof(
      fc.ipV4().map((ip) => `/ip4/${ip}`),
      fc.ipV6().map((ip) => `/ip6/${ip}`),
      fc.domain().map((domain) => `/dns4/${domain}`),
    )
    const port = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom('', '00', '01', '1e2', '-1'))
    const rest = fc.constantFrom('', '/ws', '/tls/ws', '/wss', `/p2p/${other}/p2p-circuit`, '/', '//')
    fc.assert(
      fc.property(host, port, rest, (where, number, more) => {
        const text = `${where}/tcp/${number}${more}/p2p/${peer}`
        if (parseAddress(text) !== undefined) expect([text, isAddressOfPeer(text)]).toEqual([text, true])
      }),
      { numRuns: 2000 },
    )
  })
})
