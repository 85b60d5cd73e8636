import { generateKeyPair } from '@libp2p/crypto/keys'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { streamProtocol, topicName } from '../../node/mesh/topics.ts'
import { bytesOf, startNode, stopAll, textOf, texts, until, within } from './mesh-kit.ts'
import { startStranger, stopStrangers } from './stranger.ts'

afterEach(async () => {
  await stopStrangers()
  await stopAll()
})

const enrol = streamProtocol('testfleet', 'enrol')
const actions = topicName('testfleet', 'actions')

test('our peer id is the one that libp2p prints', async () => {
  for (let i = 0; i < 20; i++) {
    const key = await generateKeyPair('Ed25519')
    const { libp2p } = await startStranger(key)
    expect(peerIdOf(key.publicKey.raw)).toBe(libp2p.peerId.toString())
    await libp2p.stop()
  }
})

test('a dialler that the listener refuses learns why, is not a member, and neither side joins', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { credentials: async () => bytesOf('nonsense') })
  await expect(agent.mesh.dial([relay.address], within(5000))).rejects.toMatchObject({
    code: 'not-reachable',
    message: expect.stringContaining("no role 'nonsense'"),
  })
  await until('the connection is closed', () => relay.log.some(({ event }) => event === 'peer-not-admitted'))
  expect([...relay.joined, ...agent.joined, ...relay.mesh.members(), ...agent.mesh.members()]).toEqual([])
})

test('a dialler refuses a listener as well, and the listener then does not hold it for a member', async () => {
  const relay = await startNode('relay', { credentials: async () => bytesOf('impostor') })
  const agent = await startNode('agent')
  await expect(agent.mesh.dial([relay.address], within(5000))).rejects.toMatchObject({
    code: 'not-reachable',
  })
  await until('the listener knows', () => relay.log.some(({ event }) => event === 'peer-not-admitted'))
  expect(relay.log.find(({ event }) => event === 'peer-not-admitted')?.details).toMatchObject({
    kind: 'refused',
    by: 'them',
    reason: "no role 'impostor'",
  })
  expect(relay.mesh.members()).toEqual([])
})

test('the reason of a refusal is bounded and carries no control characters', async () => {
  const relay = await startNode('relay', {
    judge: async () => ({ kind: 'refused', reason: `\u001b[2Jred${'x'.repeat(5000)}` }),
  })
  const agent = await startNode('agent')
  const error = await agent.mesh.dial([relay.address], within(5000)).catch((caught: Error) => caught)
  expect((error as Error).message).toContain('?[2Jred')
  expect((error as Error).message.length).toBeLessThan(1000)
})

test('a judge that throws refuses, without telling the stranger what went wrong', async () => {
  const relay = await startNode('relay', {
    judge: async () => {
      throw new Error('secret path /etc/x')
    },
  })
  const agent = await startNode('agent')
  const error = await agent.mesh.dial([relay.address], within(5000)).catch((caught: Error) => caught)
  expect((error as Error).message).toContain('could not be judged')
  expect((error as Error).message).not.toContain('secret')
  expect(relay.log.some(({ event }) => event === 'judge-failed')).toBe(true)
})

test('credentials of 3 MiB are carried, above that the enrolment fails', async () => {
  const shown: number[] = []
  const relay = await startNode('relay', {
    judge: async (_peer, credentials) => {
      shown.push(credentials.length)
      return { kind: 'admitted', role: 'agent' }
    },
  })
  const large = await startNode('agent', { credentials: async () => new Uint8Array(3 * 1024 * 1024) })
  expect(await large.mesh.dial([relay.address], within(5000))).toBe(relay.peer)
  expect(shown).toEqual([3 * 1024 * 1024])
  const over = await startNode('agent', { credentials: async () => new Uint8Array(3 * 1024 * 1024 + 1) })
  await expect(over.mesh.dial([relay.address], within(5000))).rejects.toMatchObject({ code: 'not-reachable' })
  expect(shown).toHaveLength(1)
})

test('a stranger with a valid key can neither subscribe nor publish, nor learn who subscribes', async () => {
  const relay = await startNode('relay', { enrolLimitMs: 1500 })
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('the agent joined', () => relay.joined.length === 1)
  const stranger = await startStranger()
  const heard: string[] = []
  stranger.gossip.addEventListener('message', (event) => heard.push(textOf(event.detail.data) ?? ''))
  stranger.gossip.subscribe(actions)
  const connection = await stranger.libp2p.dial(multiaddr(relay.address))
  let knew = 0
  let sent = 0
  // All the time until it is cut off, both sides publish.
  while (connection.status === 'open') {
    knew += stranger.gossip.getSubscribers(actions).length
    await stranger.gossip.publish(actions, bytesOf('forged'))
    sent += await relay.mesh.publish('policy', bytesOf('genuine'))
    if (sent < 3) sent += await relay.mesh.publish('actions', bytesOf('genuine'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await until('the agent has genuine actions', () => texts(agent, 'actions').includes('genuine'))
  expect(
    relay.log.some(
      ({ details }) => details?.kind === 'failed' && `${details.reason}`.startsWith('not admitted within'),
    ),
  ).toBe(true)
  expect([knew, heard]).toEqual([0, []])
  expect([...texts(relay, 'actions'), ...texts(agent, 'actions')]).not.toContain('forged')
  expect(relay.mesh.members().map(({ peer }) => peer)).toEqual([agent.peer])
})

test('no stream that a stranger opens by hand is served', async () => {
  const served: string[] = []
  const relay = await startNode('relay', {
    enrolLimitMs: 1000,
    stream: async (name) => {
      served.push(name)
    },
  })
  const stranger = await startStranger()
  const connection = await stranger.libp2p.dial(multiaddr(relay.address))
  const protocols = ['sync', 'detail'] as const
  const raw = await Promise.all(
    [...protocols.map((name) => streamProtocol('testfleet', name)), '/meshsub/1.1.0'].map((protocol) =>
      connection.newStream(protocol),
    ),
  )
  for (const stream of raw) stream.send(bytesOf('hello'))
  await until('the stranger is cut off', () => connection.status !== 'open', 5000)
  expect(served).toEqual([])
  expect(raw.map(({ status }) => status)).not.toContain('open')
})

test('a refused stranger is cut off at once, whatever streams it has opened before', async () => {
  const relay = await startNode('relay')
  const stranger = await startStranger()
  stranger.gossip.subscribe(actions)
  const connection = await stranger.libp2p.dial(multiaddr(relay.address))
  const sync = await connection.newStream(streamProtocol('testfleet', 'sync'))
  const frames = lpStream(await connection.newStream(enrol))
  await frames.write(Uint8Array.of(1, 0, ...bytesOf('nonsense')))
  const verdict = (await frames.read()).subarray()
  expect(verdict[0]).toBe(0)
  await until('it is cut off', () => connection.status !== 'open', 2000)
  expect(sync.status).not.toBe('open')
  expect(relay.joined).toEqual([])
})

test.each([
  ['says nothing', undefined],
  ['announces 3 MiB and sends no more', Uint8Array.of(0x80, 0x80, 0xc0, 0x01, 1, 0)],
  ['announces 200 MiB', Uint8Array.of(0x80, 0x80, 0x80, 0x64)],
  ['sends another version', Uint8Array.of(3, 9, 0, 0)],
])('a peer that %s on the enrol stream is closed after the limit', async (_what, sent) => {
  const relay = await startNode('relay', { enrolLimitMs: 700 })
  const stranger = await startStranger()
  const connection = await stranger.libp2p.dial(multiaddr(relay.address))
  const stream = await connection.newStream(enrol)
  if (sent !== undefined) stream.send(sent)
  const tookMs = await until('it is closed', () => connection.status !== 'open', 3000)
  expect(tookMs).toBeLessThan(2000)
  expect(relay.mesh.members()).toEqual([])
})

test('a listener that never answers does not hold the dialler', async () => {
  const stranger = await startStranger()
  await stranger.libp2p.handle(enrol, () => {})
  const agent = await startNode('agent', { enrolLimitMs: 500 })
  const address = stranger.libp2p.getMultiaddrs()[0]?.toString() ?? ''
  await expect(agent.mesh.dial([address], within(5000))).rejects.toMatchObject({
    message: expect.stringContaining('not admitted within 500 ms'),
  })
  expect(agent.mesh.members()).toEqual([])
})

test('only Ed25519 peers get as far as enrolling', async () => {
  const relay = await startNode('relay')
  const stranger = await startStranger(await generateKeyPair('secp256k1'))
  const connection = await stranger.libp2p.dial(multiaddr(relay.address)).catch(() => undefined)
  await until('it is cut off', () => connection === undefined || connection.status !== 'open', 2000)
  expect(relay.log).toEqual([])
})

test('an expelled member has left, and comes back only when it is judged anew', async () => {
  let welcome = true
  const relay = await startNode('relay', {
    judge: async () =>
      welcome ? { kind: 'admitted', role: 'agent' } : { kind: 'refused', reason: 'revoked' },
  })
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  welcome = false
  await relay.mesh.expel(agent.peer, 'revoked')
  expect(relay.left).toEqual([agent.peer])
  expect(relay.mesh.members()).toEqual([])
  expect(await relay.mesh.publish('actions', bytesOf('not for you'))).toBe(0)
  await until('the agent noticed', () => agent.left.length === 1)
  await until('it tried again and was refused', () =>
    agent.log.some(({ details }) => details?.reason === 'revoked'),
  )
  welcome = true
  await agent.mesh.dial([relay.address], within(5000))
  await until('it is back', () => relay.joined.length === 2 && agent.joined.length === 2)
  expect(relay.left).toEqual([agent.peer])
})
