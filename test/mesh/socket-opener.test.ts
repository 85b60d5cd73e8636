import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { describeProxy, parseProxy } from '../../node/core/http-proxy.ts'
import { directDialLimitMs, maxProxyAnswerBytes, proxyHeadStartMs } from '../../node/core/limits.ts'
import { connectDirectly, connectThrough, type SocketTarget } from '../../node/mesh/proxy-connect.ts'
import { SocketOpener } from '../../node/mesh/socket-opener.ts'
import { createManualClock } from '../gate/manual-clock.ts'
import { realClock, until, within } from './mesh-kit.ts'
import { startProxy, type TinyProxy } from './tiny-proxy.ts'

const outside: SocketTarget = { host: '192.0.2.1', port: 443 }
const stops: (() => Promise<void>)[] = []
let echo: Server
let here: { host: string; port: number }

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  here = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }
})
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
  await new Promise((resolve) => echo.close(resolve))
})

async function proxyTo(...rest: Parameters<typeof startProxy>): Promise<TinyProxy> {
  const proxy = await startProxy(...rest)
  stops.push(proxy.stop)
  return proxy
}

async function echoed(socket: Socket, text: string): Promise<string> {
  const answer = new Promise<string>((resolve) =>
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  )
  socket.write(text)
  const said = await answer
  socket.destroy()
  return said
}

/** Ways in which a firewall treats a direct attempt. */
const dropped = (_: SocketTarget, signal: AbortSignal) =>
  new Promise<Socket>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const refused = async () => {
  throw new Error('connect ECONNREFUSED')
}
const open = (_: SocketTarget, signal: AbortSignal) => connectDirectly(here, signal)

test('goes directly where that works, and tells the proxy nothing', async () => {
  const proxy = await proxyTo(() => here)
  const opener = new SocketOpener(parseProxy(proxy.url), { clock: realClock, connect: open })
  expect(await echoed(await opener.open(outside, within(5000).signal), 'hello')).toBe('hello')
  expect(proxy.heads).toEqual([])
})

test('goes through the proxy when the direct attempt is refused, with credentials when there are some', async () => {
  const proxy = await proxyTo((authority) => (authority === '192.0.2.1:443' ? here : 403))
  const given = parseProxy(proxy.url.replace('http://', 'http://mesh:p%40ss@'))
  const opener = new SocketOpener(given, { clock: realClock, connect: refused })
  expect(await echoed(await opener.open(outside, within(5000).signal), 'hello')).toBe('hello')
  const credentials = Buffer.from('mesh:p@ss').toString('base64')
  expect(proxy.heads).toEqual([
    `CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
  ])
})

test('asks the proxy after a head start when packets are dropped, and sooner the next time', async () => {
  const proxy = await proxyTo(() => here)
  const clock = createManualClock(0 as Instant)
  const opener = new SocketOpener(parseProxy(proxy.url), { clock, connect: dropped })
  const first = opener.open(outside, within(10_000).signal)
  clock.advance(proxyHeadStartMs - 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(proxy.heads).toHaveLength(0)
  clock.advance(1)
  ;(await first).destroy()
  const second = opener.open(outside, within(10_000).signal)
  clock.advance(proxyHeadStartMs / 2)
  ;(await second).destroy()
  expect(proxy.heads).toHaveLength(2)
})

test('a slow direct connection still counts when the proxy refuses', async () => {
  const proxy = await proxyTo(() => 403)
  let answer: () => void = () => undefined
  const slow = (_: SocketTarget, signal: AbortSignal) =>
    new Promise<Socket>((resolve) => {
      answer = () => resolve(connectDirectly(here, signal))
    })
  const clock = createManualClock(0 as Instant)
  const opener = new SocketOpener(parseProxy(proxy.url), { clock, connect: slow })
  const opening = opener.open(outside, within(10_000).signal)
  clock.advance(proxyHeadStartMs)
  await until('the proxy was asked', () => proxy.heads.length === 1)
  answer()
  expect(await echoed(await opening, 'hello')).toBe('hello')
})

test('a dropped direct attempt and a proxy that refuses end soon, with both reasons', async () => {
  const proxy = await proxyTo(() => 403)
  const clock = createManualClock(0 as Instant)
  const opener = new SocketOpener(parseProxy(proxy.url), { clock, connect: dropped })
  const opening = opener.open(outside, within(10_000).signal)
  const failing = expect(opening).rejects.toThrow(
    `directly: no answer; through ${proxy.url}: proxy ${proxy.url} answers 403`,
  )
  clock.advance(proxyHeadStartMs)
  await until('the proxy was asked', () => proxy.heads.length === 1)
  clock.advance(directDialLimitMs)
  await failing
})

test.each(['127.0.0.1', 'localhost', '::1', '0.0.0.0'])('never asks the proxy for %s', async (host) => {
  const proxy = await proxyTo(() => here)
  const opener = new SocketOpener(parseProxy(proxy.url), { clock: realClock, connect: refused })
  await expect(opener.open({ host, port: 1 }, within(5000).signal)).rejects.toThrow('ECONNREFUSED')
  expect(proxy.heads).toEqual([])
})

test('gives up when it is told to', async () => {
  const proxy = await proxyTo(() => here, '') // never says anything
  const opener = new SocketOpener(parseProxy(proxy.url), { clock: realClock, connect: refused })
  const controller = new AbortController()
  const opening = opener.open(outside, controller.signal)
  await until('the proxy was asked', () => proxy.heads.length === 1)
  controller.abort(new Error('enough'))
  await expect(opening).rejects.toMatchObject({ code: 'not-reachable' })
})

test('what comes in one piece with the answer belongs to the tunnel', async () => {
  const proxy = await proxyTo(() => here, 'HTTP/1.0 200 OK\r\nVia: someone\r\n\r\nfirst words')
  const socket = await connectThrough(parseProxy(proxy.url), outside, within(5000).signal)
  const words = await new Promise((resolve) =>
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  )
  expect(words).toBe('first words')
  socket.destroy()
})

test.each([
  ['an SSH server', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['an endless head', `HTTP/1.1 200 OK\r\n${'X-Filler: yes\r\n'.repeat(maxProxyAnswerBytes / 10)}\r\n`],
  ['endless bytes', 'a'.repeat(2 * maxProxyAnswerBytes)],
])('%s is no proxy', async (_, answer) => {
  const proxy = await proxyTo(() => here, answer)
  await expect(connectThrough(parseProxy(proxy.url), outside, within(5000).signal)).rejects.toMatchObject({
    code: 'not-reachable',
  })
})

test('says what to do about 407 and about a port that is not let out', async () => {
  const proxy = await proxyTo((_authority, head) => (head.includes('Proxy-Authorization') ? 403 : 407))
  const through = (url: string) => connectThrough(parseProxy(url), outside, within(5000).signal)
  await expect(through(proxy.url)).rejects.toMatchObject({ hint: expect.stringContaining('user:password') })
  await expect(through(proxy.url.replace('//', '//a:b@'))).rejects.toMatchObject({
    hint: expect.stringContaining('443'),
  })
})

test('a host that would begin a line of its own is not asked for', async () => {
  const proxy = await proxyTo(() => here)
  const target = { host: 'a HTTP/1.1\r\nX: y', port: 443 }
  await expect(connectThrough(parseProxy(proxy.url), target, within(5000).signal)).rejects.toMatchObject({
    code: 'bad-input',
  })
  expect(proxy.heads).toEqual([])
})

test('reads a proxy as people write it, and never shows its password', () => {
  expect(parseProxy('http://proxy.example:3128/')).toEqual({
    host: 'proxy.example',
    port: 3128,
    credentials: undefined,
  })
  expect(parseProxy('proxy:8080').port).toBe(8080)
  expect(parseProxy('http://proxy').port).toBe(80)
  expect(describeProxy(parseProxy('http://u:secret@[2001:db8::1]:8080'))).toBe('http://[2001:db8::1]:8080')
  for (const bad of ['', 'https://proxy', 'socks5://u:secret@proxy', 'http://u:secret@proxy/path', 'http://'])
    expect(() => parseProxy(bad)).toThrow(expect.objectContaining({ code: 'bad-input' }))
  try {
    parseProxy('socks5://u:secret@proxy')
  } catch (error) {
    expect(String(error)).not.toContain('secret')
  }
})
