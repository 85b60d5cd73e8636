import { describe, expect, test } from 'vitest'
import { parseModuleFlags } from '../../../modules/command-line.ts'
import type { Host } from '../../../modules/host/host.ts'
import { netstatModule } from '../../../modules/netstat/index.ts'
import { parseParameters } from '../../../modules/parameters.ts'
import { runModule } from '../../../modules/run-module.ts'
import { contextOf, moduleContract } from '../contract.ts'
import { memoryHost } from '../memory-host.ts'
import { server, serverHost, socketLine, table } from './fixture.ts'

async function ask(parameters: unknown, host: Host = serverHost) {
  const { result } = await runModule(netstatModule, parameters, contextOf(host))
  return result
}

moduleContract(netstatModule, {
  goodParameters: {
    localmac: ['^02'],
    neighbormac: ['8C:70'],
    neighborip: ['192.168.1.0/24'],
    localip: ['127.0.0.1', '::1'],
    connectedip: ['0.0.0.0/0', '2001:db8::/32', '203.0.113.9'],
    listeningport: ['22', '53'],
    namespaces: false,
  },
  badParameters: [
    { connectedip: ['10.0.0.0/33'] },
    { connectedip: '10.0.0.1' },
    { connectedip: [7] },
    { listeningport: ['ssh'] },
    { localmac: ['('] },
    { neighbormac: ['a{1001}'] },
    { namespaces: 'yes' },
    { iocs: { connectedip: ['10.0.0.1'] } },
  ],
  host: serverHost,
  sampleText: `${server['/proc/net/tcp']}${server['/proc/net/tcp6']}${server['/proc/net/arp']}${server['/proc/net/fib_trie']}`,
})

describe('connectedip', () => {
  test('finds the remote end of a connection', async () => {
    const { foundanything, elements } = await ask({ connectedip: ['13.37.66.66'] })
    expect(foundanything).toBe(true)
    expect(elements).toEqual({
      connectedip: {
        '13.37.66.66': [
          {
            localaddr: '192.168.1.46',
            localport: 54321,
            remoteaddr: '13.37.66.66',
            remoteport: 443,
            namespace: 'default',
          },
        ],
      },
    })
  })

  test('finds both directions of a connection to itself (NS40)', async () => {
    const { elements } = await ask({ connectedip: ['127.0.0.1'] })
    expect(elements).toMatchObject({
      connectedip: { '127.0.0.1': [{ localport: 54322 }, { localport: 8080 }] },
    })
  })

  test('finds IPv4 peers behind v4-mapped sockets, IPv6 peers and UDP peers', async () => {
    const { elements } = await ask({ connectedip: ['13.12.11.10', '2001:db8::/32', '8.8.8.8'] })
    expect(elements).toMatchObject({
      connectedip: {
        '13.12.11.10': [{ localaddr: '192.168.1.46', remoteaddr: '13.12.11.10', remoteport: 40000 }],
        '2001:db8::/32': [
          { localaddr: 'fe80::5054:ff:fea3:4eb1', remoteaddr: '2001:db8::123:4567:89ab:cdef' },
        ],
        '8.8.8.8': [{ remoteport: 53 }],
      },
    })
  })

  test('does not take a listening socket for a connection with 0.0.0.0', async () => {
    const listening = memoryHost({
      '/proc/net/tcp': table(socketLine('00000000:0016', '00000000:0000', '0A')),
      '/proc/net/udp': table(),
    })
    expect(await ask({ connectedip: ['0.0.0.0/0', '0.0.0.0'] }, listening)).toMatchObject({
      foundanything: false,
      elements: { connectedip: { '0.0.0.0/0': null, '0.0.0.0': null } },
    })
  })
})

describe('listeningport', () => {
  test('finds the listener, and not the connection that it accepted', async () => {
    const { elements } = await ask({ listeningport: ['22', '80', '53'] })
    expect(elements).toEqual({
      listeningport: {
        '22': [{ localaddr: '0.0.0.0', localport: 22, namespace: 'default' }],
        '80': [{ localaddr: '::', localport: 80, namespace: 'default' }],
        '53': [{ localaddr: '0.0.0.0', localport: 53, namespace: 'default' }],
      },
    })
  })

  test('finds no local end of an outgoing connection', async () => {
    expect((await ask({ listeningport: ['54321', '36864'] })).foundanything).toBe(false)
  })

  test.each(['+22', '022'])('reads %s as 22', async (port) => {
    expect((await ask({ listeningport: [port] })).foundanything).toBe(true)
  })
})

describe('addresses and neighbours', () => {
  test('maps each local address query to what matched it (NS41)', async () => {
    expect(await ask({ localip: ['127.0.0.1', '127.0.0.0/8', '9.9.9.9', 'fe80::/10'] })).toMatchObject({
      foundanything: true,
      elements: {
        localip: {
          '127.0.0.1': [{ localaddr: '127.0.0.1' }],
          '127.0.0.0/8': [{ localaddr: '127.0.0.1' }],
          '9.9.9.9': null,
          'fe80::/10': [{ localaddr: 'fe80::5054:ff:fea3:4eb1' }],
        },
      },
    })
  })

  test('knows neither network nor broadcast addresses as its own', async () => {
    const { elements } = await ask({ localip: ['0.0.0.0/0'] })
    expect(elements).toMatchObject({
      localip: { '0.0.0.0/0': [{ localaddr: '127.0.0.1' }, { localaddr: '192.168.1.46' }] },
    })
  })

  test('matches hardware addresses in either case, and skips those of zeros', async () => {
    const { elements } = await ask({
      localmac: ['^02:FC', '.'],
      neighbormac: ['5A', '^00'],
      neighborip: ['192.168.0.0/16'],
    })
    expect(elements).toMatchObject({
      localmac: {
        '^02:FC': [{ localmacaddr: '02:fc:00:00:00:01' }],
        '.': [{ localmacaddr: '02:fc:00:00:00:01' }],
      },
      neighbormac: { '5A': [{ remotemacaddr: '8c:70:5a:c8:be:50', remoteaddr: '192.168.1.1' }], '^00': null },
      neighborip: { '192.168.0.0/16': [{ remoteaddr: '192.168.1.1' }] },
    })
  })
})

describe('namespaces', () => {
  const container = {
    '/proc/net/tcp': table(),
    '/proc/1/ns/net': { link: 'net:[4026531833]' },
    '/proc/1/net/tcp': server['/proc/net/tcp'],
    '/proc/1/net/udp': table(),
    '/proc/7/ns/net': { link: 'net:[4026531833]' },
    '/proc/7/net/tcp': server['/proc/net/tcp'],
    '/proc/8/ns/net': { link: 'net:[4026539999]' },
    '/proc/9/ns/net': { link: 'net:[4026539999]' },
    '/proc/9/net/tcp': table(socketLine('020011AC:D431', '4242250D:01BB', '01')),
    '/proc/9/net/udp': table(),
    '/proc/10/ns/net': { refuse: 'permission-denied' },
    '/proc/11/ns/net': { refuse: 'permission-denied' },
  } as const

  test('looks into each namespace once, through a process that is still there', async () => {
    const { elements, errors } = await ask(
      { connectedip: ['13.37.66.66'], namespaces: true },
      memoryHost(container),
    )
    expect(elements).toMatchObject({
      connectedip: { '13.37.66.66': [{ namespace: 'net:[4026531833]' }, { namespace: 'net:[4026539999]' }] },
    })
    expect(errors).toEqual(['permission-denied: /proc/10/ns/net'])
  })

  test('without the option looks at the first process: the gate may have a namespace of its own', async () => {
    const { elements } = await ask({ connectedip: ['13.37.66.66'] }, memoryHost(container))
    expect(elements).toMatchObject({ connectedip: { '13.37.66.66': [{ namespace: 'default' }] } })
  })
})

describe('what could not be looked at', () => {
  test('is an error, never a miss', async () => {
    const result = await ask(
      { connectedip: ['1.2.3.4'], localip: ['1.2.3.4'] },
      memoryHost({ '/etc/hosts': '' }),
    )
    expect(result).toMatchObject({ success: true, foundanything: false })
    expect(result.elements).toEqual({})
    expect(result.errors).toEqual([
      'not-found: /proc/net/fib_trie',
      'not-found: /proc/net/tcp',
      'not-found: /proc/net/udp',
    ])
  })

  test('says that another system is not supported', async () => {
    const { errors } = await ask(
      { localmac: ['.'] },
      memoryHost({ '/etc/hosts': '' }, { platform: 'darwin' }),
    )
    expect(errors).toEqual(['not-supported-here: /sys/class/net'])
  })

  test('takes missing IPv6 tables for IPv6 switched off', async () => {
    const host = memoryHost({ '/proc/net/tcp': server['/proc/net/tcp'], '/proc/net/udp': table() })
    expect((await ask({ connectedip: ['13.37.66.66'] }, host)).errors).toBeNull()
  })

  test('reports a table that may not be read', async () => {
    const host = memoryHost({ '/proc/net/tcp': { refuse: 'permission-denied' }, '/proc/net/udp': table() })
    expect((await ask({ connectedip: ['13.37.66.66'] }, host)).errors).toEqual([
      'permission-denied: /proc/net/tcp',
    ])
  })
})

test('finds nothing when nothing is asked (NS38)', async () => {
  const { statistics: _, ...result } = await ask({})
  expect(result).toEqual({ success: true, foundanything: false, elements: {}, errors: null })
})

test.each(['/proc/net/tcp6', '/proc/net/udp6'])(
  'claims no misses when it was cut short at %s',
  async (path) => {
    const abort = new AbortController()
    const host: Host = {
      ...serverHost,
      open(opened) {
        if (opened === path) abort.abort()
        return serverHost.open(opened)
      },
    }
    const context = { ...contextOf(host), signal: abort.signal }
    const { result } = await runModule(netstatModule, { connectedip: ['1.2.3.4', '13.37.66.66'] }, context)
    expect(result).toMatchObject({ success: true, truncated: true })
    expect(Object.keys((result.elements as Record<string, object>).connectedip ?? {})).toEqual([
      '13.37.66.66',
    ])
  },
)

test('counts hits and rows', async () => {
  const { statistics } = await ask({ connectedip: ['0.0.0.0/0', '13.37.66.66'] })
  expect(statistics).toMatchObject({ examined: 10, totalhits: 7 })
})

test.each([
  ['localmac', '(', "Invalid MAC regexp '('."], // NS37
  ['connectedip', 'abc', 'invalid IPv{4,6} abc. Must be an IP or a CIDR.'],
  ['listeningport', '65536', 'port out of range. must be between 1 and 65535'], // NS32
  ['listeningport', '-1', 'port out of range. must be between 1 and 65535'], // NS33
  ['listeningport', 'abc', 'abc is not a valid port'], // NS34
  ['listeningport', '', ' is not a valid port'], // NS35
  ['listeningport', ' 80', ' 80 is not a valid port'], // NS36
])('refuses %s %j in the words of MIG', async (check, query, message) => {
  const result = await ask({ [check]: [query] })
  expect(result).toMatchObject({ success: false, foundanything: false, elements: null })
  expect(result.errors?.[0]).toContain(`${check}[0]: ${message}`)
})

test.each(['0', '80', '65535', '+80', '080'])('accepts port %s (NS27-NS31)', (port) => {
  expect(parseParameters(netstatModule, { listeningport: [port] })).toEqual({ listeningport: [port] })
})

test('names the place of the fault in a MAC pattern', () => {
  expect(() => parseParameters(netstatModule, { localmac: ['aa:(?=b)'] })).toThrow(
    expect.objectContaining({ code: 'bad-regex', position: 3 }),
  )
})

test('prints the lines of MIG', async () => {
  const result = await ask({
    localmac: ['.'],
    neighbormac: ['8c'],
    neighborip: ['192.168.1.1', '192.168.1.9'],
    localip: ['127.0.0.1'],
    connectedip: ['13.37.66.66'],
    listeningport: ['22'],
  })
  const found = [
    "found local mac 02:fc:00:00:00:01 for netstat localmac:'.'",
    "found neighbor mac 8c:70:5a:c8:be:50 192.168.1.1 for netstat neighbormac:'8c'",
    "found neighbor IP 192.168.1.1 8c:70:5a:c8:be:50 for netstat neighborIP:'192.168.1.1'",
    "found local ip 127.0.0.1 for netstat localip:'127.0.0.1'",
    "found connected tuple 13.37.66.66:443 with local tuple 192.168.1.46:54321 for netstat connectedip:'13.37.66.66'",
    "found listening port 22 for netstat listeningport:'22'",
  ]
  expect(netstatModule.render(result, { foundOnly: true })).toEqual(found)
  const all = netstatModule.render({ ...result, errors: ['read-failed: /x'] }, { foundOnly: false })
  expect(all).toContain("did not find anything for netstat neighborip:'192.168.1.9'")
  expect(all).toContain('error: read-failed: /x')
  expect(all.at(-1)).toMatch(/^Statistics: total hits 6 examined \d+ items exectime [0-9.]+(µs|ms|s)$/)
})

test('prints the namespace unless it is the default one', () => {
  const element = { localaddr: '::', localport: 80, namespace: 'net:[1]' }
  const result = {
    foundanything: true,
    success: true,
    elements: { listeningport: { '80': [element] } },
    statistics: null,
    errors: null,
  }
  expect(netstatModule.render(result, { foundOnly: true })).toEqual([
    "found listening port 80 for netstat listeningport:'80' namespace:[net:[1]]",
  ])
})

test('prints nothing of elements that are no netstat elements', () => {
  const elements = { connectedip: { x: [{ remoteaddr: 'a secret' }] } }
  const result = { foundanything: true, success: true, elements, statistics: { secret: 1 }, errors: null }
  expect(netstatModule.render(result, { foundOnly: false })).toEqual([])
})

test('reads the command line of MIG', () => {
  expect(
    parseModuleFlags(netstatModule, ['-ci', '10.0.0.0/8', '--ci=1.2.3.4', '-lp', '22', '-namespaces']),
  ).toEqual({
    connectedip: ['10.0.0.0/8', '1.2.3.4'],
    listeningport: ['22'],
    namespaces: true,
  })
  expect(() => parseModuleFlags(netstatModule, ['-namespaces'])).toThrow(
    expect.objectContaining({ code: 'usage' }),
  )
})
