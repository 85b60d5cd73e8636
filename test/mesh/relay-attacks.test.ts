import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { maxCircuitsPeer } from '../../node/core/limits.ts'
import { type PeerId, parsePeerId } from '../../node/core/peer-id.ts'
import {
  decodeHopStatus,
  decodeStopStatus,
  encodeReserve,
  encodeStopConnect,
  hopProtocol,
  stopProtocol,
} from '../../node/mesh/circuit-messages.ts'
import { streamProtocol } from '../../node/mesh/topics.ts'
import { startNode, stopAll, type TestNode, until } from './mesh-kit.ts'
import { enrolByHand, type Stranger, startStranger, stopStrangers } from './stranger.ts'

afterEach(async () => {
  await stopAll()
  await stopStrangers()
})

/** A hop CONNECT differs from a stop CONNECT only in its first value. */
function encodeConnect(to: PeerId): Uint8Array {
  const bytes = Uint8Array.from(encodeStopConnect(to))
  bytes[1] = 1
  return bytes
}

const idOf = ({ libp2p }: Stranger) => parsePeerId(libp2p.peerId.toString()) as PeerId

/** Sends one frame on a new stream and reads the answer; undefined when the stream is cut instead. */
async function ask(connection: Connection, protocol: string, frame: Uint8Array) {
  const stream = await connection.newStream(protocol)
  const frames = lpStream(stream)
  try {
    await frames.write(frame)
    const signal = AbortSignal.timeout(5000)
    return (await frames.read({ signal })).subarray()
  } catch {
    return undefined
  }
}

const reserved = (relay: TestNode) => relay.mesh.reach().relaying?.reservations

async function aReachableAgent(relay: TestNode): Promise<TestNode> {
  const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
  await until('a reservation', () => agent.mesh.addresses().length > 0)
  return agent
}

test('a stranger gets no reservation, no circuit and no dial back', async () => {
  const relay = await startNode('relay', { enrolLimitMs: 1500 })
  const agent = await aReachableAgent(relay)
  const stranger = await startStranger()
  const connection = await stranger.libp2p.dial(multiaddr(relay.address))
  const answers = await Promise.all([
    ask(connection, hopProtocol, encodeReserve()),
    ask(connection, hopProtocol, encodeConnect(agent.peer)),
    ask(connection, streamProtocol('testfleet', 'reach'), Uint8Array.of(0x1f, 0x90)),
  ])
  expect(answers).toEqual([undefined, undefined, undefined])
  expect(reserved(relay)).toBe(1)
  expect(relay.mesh.reach().relaying?.accounts).toEqual([])
  expect(agent.joined).toHaveLength(1)
})

test('whom the relay puts out loses its circuits', async () => {
  const relay = await startNode('relay')
  const agent = await aReachableAgent(relay)
  const investigator = await startNode('investigator', { listen: [] })
  await investigator.mesh.dial(agent.mesh.addresses(), { signal: AbortSignal.timeout(10_000) })
  await until('they are linked', () => agent.joined.some(({ peer }) => peer === investigator.peer))
  await relay.mesh.expel(investigator.peer, 'revoked')
  await until('the circuit is cut', () => agent.left.includes(investigator.peer))
  expect(relay.mesh.reach().relaying).toMatchObject({ circuits: 0, reservations: 1 })
})

test('a member is told why it gets no circuit', async () => {
  const relay = await startNode('relay')
  const agent = await aReachableAgent(relay)
  const silent = await startNode('agent', { bootstrap: [relay.address] })
  await until('it joined', () => silent.joined.length === 1)
  const member = await startStranger()
  const connection = await enrolByHand(member, relay.address, 'investigator')
  const statusFor = async (frame: Uint8Array) => {
    const answer = await ask(connection, hopProtocol, frame)
    return answer === undefined ? 'cut off' : decodeHopStatus(answer)?.status
  }
  expect(await statusFor(encodeConnect(silent.peer))).toBe('no-reservation')
  expect(await statusFor(encodeConnect(idOf(member)))).toBe('permission-denied')
  expect(await statusFor(Uint8Array.of(0x08, 0x07))).toBe('malformed-message')
  expect(await statusFor(new Uint8Array(0))).toBe('malformed-message')
  expect(await statusFor(new Uint8Array(5000))).toBe('cut off')
  expect(await statusFor(encodeConnect(agent.peer))).toBe('ok')
})

test('a member has only so many circuits at once', async () => {
  const relay = await startNode('relay')
  const agent = await aReachableAgent(relay)
  const member = await startStranger()
  const connection = await enrolByHand(member, relay.address, 'investigator')
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, relay.mesh.reach().relaying?.circuits ?? 0)
  }, 5)
  const answers = await Promise.all(
    Array.from({ length: maxCircuitsPeer + 20 }, () =>
      ask(connection, hopProtocol, encodeConnect(agent.peer)).catch(() => undefined),
    ),
  )
  clearInterval(watch)
  const statuses = answers.map((answer) =>
    answer === undefined ? 'cut off' : decodeHopStatus(answer)?.status,
  )
  expect(statuses.filter((status) => status === 'ok').length).toBeGreaterThan(10)
  expect(statuses.filter((status) => status !== 'ok').length).toBeGreaterThanOrEqual(20)
  expect(most).toBeLessThanOrEqual(maxCircuitsPeer)
  await until('they are given back', () => relay.mesh.reach().relaying?.circuits === 0, 20_000)
  // Whoever is honest is served still.
  const investigator = await startNode('investigator', { listen: [] })
  await investigator.mesh.dial(agent.mesh.addresses(), { signal: AbortSignal.timeout(10_000) })
}, 60_000)

test('two members that play together cannot fill the relay’s memory', async () => {
  const relay = await startNode('relay')
  const [sender, sink] = [await startStranger(), await startStranger()] as const
  await sink.libp2p.handle(stopProtocol, async (stream) => {
    const frames = lpStream(stream)
    await frames.read()
    await frames.write(Uint8Array.of(0x08, 1, 0x20, 100))
    stream.pause()
  })
  const from = await enrolByHand(sink, relay.address, 'agent')
  expect(await ask(from, hopProtocol, encodeReserve())).toBeDefined()
  const connection = await enrolByHand(sender, relay.address, 'agent')
  const stream = await connection.newStream(hopProtocol)
  const frames = lpStream(stream)
  await frames.write(encodeConnect(idOf(sink)))
  expect(decodeHopStatus((await frames.read()).subarray())?.status).toBe('ok')
  // The sender does not wait for anybody either: what the relay does not take stays with it.
  const chunk = new Uint8Array(64 * 1024)
  for (let i = 0; i < 512; i++) {
    stream.send(chunk)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  // 32 MiB were sent: below are one window to the sink and what is read ahead.
  expect(relay.mesh.reach().relaying?.bytes).toBeLessThan(4 << 20)
  stream.abort(new Error('enough'))
}, 30_000)

test('nobody brings circuits to a node that has not asked for them', async () => {
  const agent = await startNode('agent', { minLinks: 0 })
  const member = await startStranger()
  const third = await startStranger()
  const connection = await enrolByHand(member, agent.address, 'relay')
  await until('it joined', () => agent.joined.length === 1)
  const answer = await ask(connection, stopProtocol, encodeStopConnect(idOf(third)))
  expect(answer === undefined ? 'cut off' : decodeStopStatus(answer)).toBe('permission-denied')
  const fourth = await startStranger()
  const unknown = await fourth.libp2p.dial(multiaddr(agent.address))
  expect(await ask(unknown, stopProtocol, encodeStopConnect(idOf(third)))).toBeUndefined()
  expect(agent.mesh.addresses()).toEqual([agent.address])
}, 30_000)

test('a relay that answers with other peers’ addresses gets none of them told', async () => {
  const agent = await startNode('agent', { listen: [], minLinks: 0 })
  const liar = await startStranger()
  const listener = await startNode('agent', { minLinks: 0 })
  let asked = 0
  await liar.libp2p.handle(hopProtocol, async (stream) => {
    asked++
    const frames = lpStream(stream)
    await frames.read()
    const told = [`/ip4/10.0.0.1/tcp/22/p2p/${listener.peer}`, '/ip4/10.0.0.2/tcp/1'].map(
      (text) => multiaddr(text).bytes,
    )
    const { encodeHopStatus } = await import('../../node/mesh/circuit-messages.ts')
    await frames.write(encodeHopStatus('ok', { expires: 2 ** 33, addresses: told }))
  })
  await liar.libp2p.handle(streamProtocol('testfleet', 'enrol'), async (stream) => {
    const frames = lpStream(stream)
    await frames.read()
    await frames.write(Uint8Array.of(1))
    await frames.write(Uint8Array.of(1, 0, ...new TextEncoder().encode('relay')))
    await frames.read()
  })
  const [address] = liar.libp2p.getMultiaddrs()
  await agent.mesh.dial([String(address)], { signal: AbortSignal.timeout(5000) })
  await until('it was asked', () => asked > 0 && agent.mesh.addresses().length > 0)
  expect(agent.mesh.addresses().every((text) => text.includes(`/p2p/${idOf(liar)}/p2p-circuit/`))).toBe(true)
  expect(agent.mesh.addresses().some((text) => text.includes(listener.peer))).toBe(false)
})
