import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { enrolLimitMs, maxStrangersRelay } from '../../node/core/limits.ts'
import { parseWebSocketAddress } from '../../node/mesh/websocket-address.ts'
import {
  bytesOf,
  type NodeSettings,
  startNode,
  stopAll,
  stopNode,
  type TestNode,
  texts,
  until,
  within,
} from './mesh-kit.ts'
import { selfSigned } from './self-signed.ts'

const plain = ['/ip4/127.0.0.1/tcp/0/ws']
const secure = ['/ip4/127.0.0.1/tcp/0/tls/ws']
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await stopAll()
})

function portOf(node: TestNode): number {
  return Number(/tcp\/(\d+)/.exec(node.address)?.[1])
}

test.each([
  ['plain', plain],
  ['with TLS', secure],
])(
  'members are linked by a WebSocket, %s, as by TCP: gossip, streams, restarts',
  async (_, listen) => {
    const seed = randomBytes(32)
    const data = randomBytes(3_000_000)
    const serve: NodeSettings['stream'] & {} = async (name, _peer, stream) => {
      if (name !== 'detail') return
      for (;;) {
        const frame = await stream.read({ ...within(10_000), maxBytes: 100_000 })
        if (frame === undefined) break
        await stream.write(frame, within(10_000))
      }
      await stream.close()
    }
    const settings = { peerKeySeed: seed, tls: selfSigned, stream: serve }
    const relay = await startNode('relay', { ...settings, listen })
    expect(parseWebSocketAddress(multiaddr(relay.address))?.isSecure).toBe(listen === secure)
    const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
    await until('joined', () => relay.joined.length === 1 && agent.joined.length === 1)
    expect(agent.mesh.members()[0]?.address).toContain('/ws')
    expect(await relay.mesh.publish('actions', bytesOf('one'))).toBe(1)
    await until('gossip has come', () => texts(agent, 'actions').includes('one'))

    const stream = await agent.mesh.open(relay.peer, 'detail', within(10_000))
    const echoed: Uint8Array[] = []
    for (let i = 0; i < data.length; i += 100_000) {
      await stream.write(data.subarray(i, i + 100_000), within(10_000))
      echoed.push((await stream.read({ ...within(10_000), maxBytes: 100_000 })) ?? new Uint8Array(0))
    }
    await stream.close()
    expect(Buffer.concat(echoed).equals(data)).toBe(true)

    await stopNode(relay)
    await until('the agent has noticed', () => agent.left.length === 1)
    const again = await startNode('relay', {
      ...settings,
      listen: [listen[0]?.replace('tcp/0', `tcp/${portOf(relay)}`) ?? ''],
    })
    await until('linked again', () => again.joined.length === 1)
  },
  60_000,
)

test('one node listens by TCP and by WebSocket, and says both', async () => {
  const relay = await startNode('relay', { listen: ['/ip4/127.0.0.1/tcp/0', ...plain] })
  expect(relay.mesh.addresses()).toHaveLength(2)
  for (const address of relay.mesh.addresses()) {
    const agent = await startNode('agent', { listen: [], bootstrap: [address] })
    await until(address, () => agent.joined.length === 1)
  }
})

test('/tls/ws without a certificate is refused with what to do', async () => {
  await expect(startNode('relay', { listen: secure })).rejects.toMatchObject({ code: 'bad-input' })
})

test('another peer at the address is not admitted, whatever TLS says', async () => {
  const relay = await startNode('relay', { listen: secure, tls: selfSigned })
  const other = await startNode('relay')
  const agent = await startNode('agent', {
    listen: [],
    bootstrap: [relay.address.replace(relay.peer, other.peer)],
  })
  await until('it was noticed', () => agent.log.some(({ event }) => event === 'peer-id-mismatch'))
  expect(agent.mesh.members()).toEqual([])
})

test('a slow reader slows the writer down instead of filling memory', async () => {
  let written = 0
  let go: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  const relay = await startNode('relay', {
    listen: plain,
    stream: async (_name, _peer, stream) => {
      await held
      let read = 0
      for (;;) {
        const frame = await stream.read({ ...within(20_000), maxBytes: 100_000 })
        if (frame === undefined) break
        read += frame.length
      }
      await stream.write(bytesOf(String(read)), within(5000))
    },
  })
  const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
  await until('joined', () => agent.joined.length === 1)
  const stream = await agent.mesh.open(relay.peer, 'detail', within(10_000))
  const total = 20_000_000
  const writing = (async () => {
    for (; written < total; written += 100_000) await stream.write(new Uint8Array(100_000), within(20_000))
    await stream.close()
  })()
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(written).toBeLessThan(4_000_000)
  go()
  await writing
  expect(await stream.read({ ...within(20_000), maxBytes: 100 })).toEqual(bytesOf(String(total)))
}, 60_000)

/** What a stranger may do before anybody asks who they are. */
async function say(port: number, text: string): Promise<{ said: () => string; closed: Promise<void> }> {
  const socket = connect({ host: '127.0.0.1', port })
  sockets.push(socket)
  let said = ''
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1')
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(text)
  return { said: () => said, closed }
}

const upgrade =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

test(
  'hostile clients are cut off: no web server, no endless head, no silence, no giant message',
  async () => {
    const relay = await startNode('relay', { listen: plain })
    const port = portOf(relay)
    const browser = await say(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const endless = await say(port, `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`)
    const silent = await say(port, 'GET / HTTP/1.1\r\nHost')
    const giant = await say(port, upgrade)
    await until('the handshake was answered', () => giant.said().includes('101 '))
    // A masked binary frame that claims 2 GiB.
    sockets.at(-1)?.write(Buffer.from('82ff000000008000000000000000', 'hex'))
    const plainText = await say(port, upgrade)
    await until('and this one', () => plainText.said().includes('101 '))
    sockets.at(-1)?.write(Buffer.from('8285000000006e6f697365', 'hex'))
    await browser.closed
    await endless.closed
    await giant.closed
    await silent.closed
    expect(browser.said()).toMatch(/^HTTP\/1.1 426 /)
    // A member gets in all the same.
    const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
    await until('joined', () => agent.joined.length === 1)
  },
  4 * enrolLimitMs + 20_000,
)

test('strangers that say nothing do not keep members out for longer than they may be silent', async () => {
  const relay = await startNode('relay', { listen: plain })
  const port = portOf(relay)
  const silent = await Promise.all(Array.from({ length: maxStrangersRelay }, () => say(port, 'GET')))
  const surplus = await say(port, 'GET')
  await surplus.closed
  const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
  await until('joined', () => agent.joined.length === 1, 30_000)
  await Promise.all(silent.map(({ closed }) => closed))
}, 60_000)

test.each([
  ['/ip4/192.0.2.1/tcp/443/ws', { host: '192.0.2.1', port: 443, isSecure: false }],
  ['/ip6/2001:db8::1/tcp/443/tls/ws', { host: '2001:db8::1', port: 443, isSecure: true }],
  ['/dns4/relay.example.org/tcp/443/wss', { host: 'relay.example.org', port: 443, isSecure: true }],
  ['/ip4/192.0.2.1/tcp/443', undefined],
  ['/ip4/192.0.2.1/udp/443/ws', undefined],
  [
    '/ip4/192.0.2.1/tcp/443/ws/p2p/12D3KooWPxBKgjHS6VW2mbuWTMeS7S1rTzb5FmH1WDqZkKmGLMNV/p2p-circuit',
    undefined,
  ],
])('reads %s', (text, expected) => {
  expect(parseWebSocketAddress(multiaddr(text))).toEqual(expected)
})
