import '../../node/core/first.ts'
import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseProxy } from '../../node/core/http-proxy.ts'
import { proxiedTcp } from '../../node/mesh/proxied-tcp.ts'
import { SocketOpener } from '../../node/mesh/socket-opener.ts'
import { webSocketTransport } from '../../node/mesh/websocket-transport.ts'
import { realClock, within } from './mesh-kit.ts'
import { selfSigned } from './self-signed.ts'
import { startProxy, type TinyProxy } from './tiny-proxy.ts'

/** A relay outside, and a host from which only a proxy leads there. */
let relay: Libp2p
let host: Libp2p
let proxy: TinyProxy
let allowed: RegExp

beforeEach(async () => {
  const opener = new SocketOpener(undefined, {
    clock: realClock,
    connect: async () => Promise.reject(new Error('the relay dials nobody')),
  })
  relay = await createLibp2p({
    addresses: { listen: ['tcp/0', 'tcp/0/ws', 'tcp/0/tls/ws'].map((end) => `/ip4/127.0.0.1/${end}`) },
    transports: [tcp(), webSocketTransport(opener, selfSigned)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  // Three ports that are one machine's, as they look from outside.
  const ports = { ':7373': /tcp\/(\d+)\/p2p/, ':80': /tcp\/(\d+)\/ws/, ':443': /tcp\/(\d+)\/tls/ }
  allowed = /:(7373|80|443)$/
  proxy = await startProxy((authority) => {
    const pattern = Object.entries(ports).find(([end]) => authority === `192.0.2.1${end}`)?.[1]
    const found = relay.getMultiaddrs().flatMap((address) => pattern?.exec(address.toString())?.[1] ?? [])
    return allowed.test(authority) && found[0] !== undefined
      ? { host: '127.0.0.1', port: Number(found[0]) }
      : 403
  })
  const walled = new SocketOpener(parseProxy(proxy.url), {
    clock: realClock,
    connect: async () => Promise.reject(new Error('connect EHOSTUNREACH')),
  })
  host = await createLibp2p({
    transports: [proxiedTcp(walled), webSocketTransport(walled, undefined)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
})
afterEach(async () => {
  await host.stop()
  await relay.stop()
  await proxy.stop()
})

const dial = (...ends: string[]) =>
  host.dial(
    ends.map((end) => multiaddr(`/ip4/192.0.2.1/${end}/p2p/${relay.peerId}`)),
    within(10_000),
  )

test.each([
  // The begin of a TLS handshake, of an HTTP request, and of libp2p on bare TCP.
  ['tcp/443/tls/ws', '192.0.2.1:443', /^\x16\x03/],
  ['tcp/80/ws', '192.0.2.1:80', /^GET \/ HTTP\/1\.1\r\n/],
  ['tcp/7373', '192.0.2.1:7373', /multistream/],
])('a host behind the proxy reaches /%s through it', async (end, authority, begin) => {
  const connection = await dial(end)
  expect(connection.remotePeer.equals(relay.peerId)).toBe(true)
  expect(connection.remoteAddr.toString()).toContain(`/ip4/192.0.2.1/${end}`)
  expect(proxy.heads).toEqual([`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`])
  expect(proxy.first[0]?.toString('latin1')).toMatch(begin)
  await connection.close()
})

test('where only port 443 is let out, the address with it is found among the others', async () => {
  allowed = /:443$/
  const connection = await dial('tcp/7373', 'tcp/80/ws', 'tcp/443/tls/ws')
  expect(connection.remoteAddr.toString()).toContain('/tcp/443/tls/ws')
  expect(proxy.heads.map((head) => head.split(' ')[1])).toContain('192.0.2.1:443')
})

test('a proxy that leads to somebody else leads to nobody', async () => {
  const other = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  const address = multiaddr(`/ip4/192.0.2.1/tcp/443/tls/ws/p2p/${other.peerId}`)
  await expect(host.dial(address, within(10_000))).rejects.toThrow(/identity/)
  await other.stop()
})
