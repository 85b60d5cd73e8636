import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Endpoint,
  endpointOf,
  formatEndpoint,
  parseEndpoint,
} from '../../node/mesh/hole-punch/endpoint.ts'
import { borneOut, mayPunch, scopeOf } from '../../node/mesh/hole-punch/punch-rules.ts'

const at = (text: string): Endpoint => parseEndpoint(text) as Endpoint
const outside = { seen: at('5.5.1.2:20001'), untranslated: false }
const inOffice = { seen: at('10.1.0.7:20001'), untranslated: true }

describe('an endpoint', () => {
  it.each([
    ['203.0.113.5:4001', '203.0.113.5:4001'],
    ['[2001:DB8:0:0:0:0:0:5]:4001', '[2001:db8::5]:4001'],
    ['[::ffff:10.0.0.1]:4001', '10.0.0.1:4001'],
    ['[::ffff:a00:1]:4001', '10.0.0.1:4001'],
  ])('%s is read as %s', (text, canonical) => {
    expect(formatEndpoint(at(text))).toBe(canonical)
  })

  it.each([
    'relay.example.org:4001',
    '10.0.0.1',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:04001',
    '010.0.0.1:4001',
    '10.0.1:4001',
    '2130706433:4001',
    '[fe80::1%eth0]:4001',
    '[10.0.0.1]:4001',
    '2001:db8::5:4001',
    '10.0.0.1:4001\n',
    '',
  ])('%j is none', (text) => {
    expect(parseEndpoint(text)).toBeUndefined()
  })

  it('comes of plain TCP addresses only', () => {
    const peer = '/p2p/12D3KooWMbbPVGsZYh3ChQjue712NHHGNybRRXwnuSpezYjGbCDS'
    expect(endpointOf(multiaddr(`/ip4/5.5.1.2/tcp/4001${peer}`))).toEqual({ ip: '5.5.1.2', port: 4001 })
    expect(endpointOf(multiaddr('/ip6/2001:db8::1/tcp/4001'))).toEqual({ ip: '2001:db8::1', port: 4001 })
    expect(endpointOf(multiaddr(`/dns4/example.org/tcp/4001${peer}`))).toBeUndefined()
    expect(endpointOf(multiaddr(`/ip4/5.5.1.2/tcp/443/tls/ws${peer}`))).toBeUndefined()
    expect(endpointOf(multiaddr(`/ip4/5.5.1.2/tcp/4001${peer}/p2p-circuit`))).toBeUndefined()
    expect(endpointOf(multiaddr(`/ip4/5.5.1.2/udp/4001${peer}`))).toBeUndefined()
  })

  it('is read back as it was written', () => {
    const endpoint = fc.record({
      ip: fc.oneof(fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 1, max: 65_535 }),
    })
    fc.assert(
      fc.property(endpoint, ({ ip, port }) => {
        const parsed = parseEndpoint(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`) as Endpoint
        expect(parseEndpoint(formatEndpoint(parsed))).toEqual(parsed)
      }),
    )
  })
})

describe('where a punch may go', () => {
  it.each([
    ['5.5.1.2', 'public'],
    ['2a01:4f8::1', 'public'],
    ['10.255.255.255', 'private'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd00::1', 'private'],
    ['127.1.2.3', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.169.254', 'never'],
    ['0.0.0.0', 'never'],
    ['224.0.0.251', 'never'],
    ['255.255.255.255', 'never'],
    ['fe80::1', 'never'],
    ['ff02::fb', 'never'],
    ['64:ff9b::a00:1', 'never'],
    ['2002:a00:1::1', 'never'],
    ['2001::1', 'never'],
    ['::', 'never'],
    ['::a00:1', 'never'],
  ] as const)('%s is %s', (ip, scope) => {
    expect(scopeOf(ip)).toBe(scope)
  })

  it('is public ports from 1024 on', () => {
    expect(mayPunch(at('5.5.3.2:1024'), outside)).toBe(true)
    expect(mayPunch(at('5.5.3.2:1023'), outside)).toBe(false)
    expect(mayPunch(at('[2a01:4f8::1]:4001'), outside)).toBe(false) // our port is IPv4's
  })

  it('is private only for a node that the relay sees by its own private address', () => {
    expect(mayPunch(at('10.2.0.2:20001'), inOffice)).toBe(true)
    expect(mayPunch(at('10.2.0.2:20001'), { ...inOffice, untranslated: false })).toBe(false)
    expect(mayPunch(at('10.2.0.2:20001'), outside)).toBe(false)
    expect(mayPunch(at('10.2.0.2:20001'), { ...outside, untranslated: true })).toBe(false)
    expect(mayPunch(at('127.0.0.1:20001'), inOffice)).toBe(false)
    expect(mayPunch(at('127.0.0.1:20001'), { seen: at('127.0.0.1:20002'), untranslated: true })).toBe(true)
    expect(mayPunch(at('169.254.1.1:20001'), { seen: at('169.254.1.2:20001'), untranslated: true })).toBe(
      false,
    )
  })

  it('is of the addresses that a peer names only that at which a relay sees it', () => {
    const listen = ['5.5.3.2:4001', '5.5.3.2:80', '5.5.9.9:4001', '10.2.0.2:4001'].map(at)
    expect(borneOut(listen, at('5.5.3.2:20001'), outside)).toEqual([at('5.5.3.2:4001')])
  })
})
