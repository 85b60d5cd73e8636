import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import type { Role } from '../../node/core/certificate.ts'
import type { MeshHandlers } from '../../node/mesh/mesh.ts'
import { topicName } from '../../node/mesh/topics.ts'
import {
  bytesOf,
  shiftedClock,
  startNode,
  stopAll,
  stopNode,
  type TestNode,
  textOf,
  texts,
  until,
} from './mesh-kit.ts'
import { enrolByHand, enrolOn, startStranger, stopStrangers } from './stranger.ts'

afterEach(async () => {
  await stopStrangers()
  await stopAll()
})

const actions = topicName('testfleet', 'actions')
const results = topicName('testfleet', 'results')

test('two nodes meet and gossip both ways', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  expect(agent.joined[0]).toMatchObject({
    peer: relay.peer,
    role: 'relay',
    direction: 'outbound',
    relayed: false,
  })
  expect(relay.joined[0]).toMatchObject({ peer: agent.peer, role: 'agent', direction: 'inbound' })

  expect(await relay.mesh.publish('actions', bytesOf('question'))).toBe(1)
  expect(await agent.mesh.publish('results', bytesOf('answer'))).toBe(1)
  await until('both received', () => agent.received.length === 1 && relay.received.length === 1)
  expect(agent.received[0]).toMatchObject({ topic: 'actions', publisher: relay.peer })
  expect(relay.received[0]).toMatchObject({ topic: 'results', publisher: agent.peer })
})

test('publishing to nobody says so', async () => {
  const alone = await startNode('investigator')
  expect(await alone.mesh.publish('actions', bytesOf('anyone?'))).toBe(0)
  const agent = await startNode('agent', { bootstrap: [alone.address] })
  await until('both joined', () => alone.joined.length === 1 && agent.joined.length === 1)
  // Neighbours that do not subscribe are nobody.
  expect(await alone.mesh.publish('results', bytesOf('anyone?'))).toBe(0)
  await stopNode(alone)
  expect(await alone.mesh.publish('actions', bytesOf('anyone?'))).toBe(0)
})

test('no subscription is lost: after each of 30 joins a message reaches the newcomer', async () => {
  // Either side may be the slower judge: gossip must neither start before nor miss who was admitted late.
  const slowly =
    (ms: number, role: Role): MeshHandlers['judge'] =>
    async () => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return { kind: 'admitted', role }
    }
  let delayMs = 0
  const relay = await startNode('relay', { judge: (...shown) => slowly(delayMs, 'agent')(...shown) })
  for (let i = 0; i < 30; i++) {
    delayMs = (i % 3) * 40
    const judge = slowly((i % 2) * 60, 'relay')
    const agent = await startNode('agent', { bootstrap: [relay.address], judge })
    await until(`the relay heard of agent ${i}`, () => relay.joined.length === i + 1)
    expect(await relay.mesh.publish('policy', bytesOf(`news ${i}`))).toBe(1)
    await until(`agent ${i} received`, () => texts(agent, 'policy').includes(`news ${i}`), 2000)
    await stopNode(agent)
    await until(`the relay saw agent ${i} leave`, () => relay.left.length === i + 1)
  }
  expect(relay.log.filter(({ event }) => event === 'gossip-repaired')).toEqual([])
}, 60_000)

test('a subscription that is sent before its sender is admitted is kept until then', async () => {
  const relay = await startNode('relay')
  const member = await startStranger()
  const heard: (string | undefined)[] = []
  member.gossip.addEventListener('message', (event) => heard.push(textOf(event.detail.data)))
  member.gossip.subscribe(actions)
  // Stock gossipsub opens its stream right after identify, and sends its subscriptions once.
  await member.libp2p.dial(multiaddr(relay.address))
  const { streamsOutbound } = member.gossip as unknown as { streamsOutbound: Map<string, unknown> }
  await until('its stream is open', () => streamsOutbound.has(relay.peer))
  expect(relay.mesh.members()).toEqual([])
  const [connection] = member.libp2p.getConnections()
  await enrolOn(connection as Connection, 'investigator')
  await until('it joined', () => relay.joined.length === 1)
  expect(await relay.mesh.publish('actions', bytesOf('kept'))).toBe(1)
  await until('it heard', () => heard.includes('kept'), 2000)
  expect(relay.log.map(({ event }) => event)).not.toContain('gossip-repaired')
})

test('in a star an action reaches 20 of 20 agents, and results reach collectors only', async () => {
  const relay = await startNode('relay')
  const investigator = await startNode('investigator', { bootstrap: [relay.address], minLinks: 1 })
  const agents: TestNode[] = []
  for (let i = 0; i < 20; i++) agents.push(await startNode('agent', { bootstrap: [relay.address] }))
  await until('all joined', () => relay.joined.length === 21 && investigator.joined.length === 1)
  await until('all joined', () => agents.every((agent) => agent.joined.length === 1))

  expect(await investigator.mesh.publish('actions', bytesOf('who?'))).toBe(1)
  const tookMs = await until('20 of 20', () =>
    agents.every((agent) => texts(agent, 'actions').includes('who?')),
  )
  console.log('action to 20 agents through a relay', Math.round(tookMs), 'ms')
  for (const agent of agents) expect(await agent.mesh.publish('results', bytesOf(agent.peer))).toBe(1)
  await until('20 answers', () => texts(investigator, 'results').length === 20)
  expect(texts(relay, 'results')).toHaveLength(20)
  expect(agents.flatMap((agent) => texts(agent, 'results'))).toEqual([])
}, 60_000)

test('what is over a topic’s size is refused by the publisher and rejected by whoever receives it', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  const member = await startStranger()
  await enrolByHand(member, relay.address, 'investigator')
  member.gossip.subscribe(actions)
  await until('all joined', () => relay.joined.length === 2 && agent.joined.length === 1)
  await until('the member knows the relay', () => member.gossip.getSubscribers(actions).length === 1)

  await expect(relay.mesh.publish('actions', new Uint8Array(100 * 1024 + 1))).rejects.toMatchObject({
    code: 'too-large',
  })
  await member.gossip.publish(actions, new Uint8Array(100 * 1024 + 1))
  await member.gossip.publish(actions, new Uint8Array(100 * 1024))
  await until('what fits arrived', () => agent.received.length === 1)
  expect(relay.received.map(({ bytes }) => bytes.length)).toEqual([100 * 1024])
})

test('three rejected messages cost a member its place', async () => {
  const relay = await startNode('relay')
  const member = await startStranger()
  const connection = await enrolByHand(member, relay.address, 'investigator')
  await until('it joined', () => relay.joined.length === 1)
  await until('it knows the relay', () => member.gossip.getSubscribers(actions).length === 1)
  for (let i = 0; i < 4; i++) await member.gossip.publish(actions, new Uint8Array(101 * 1024))
  await until('it is cut off', () => connection.status !== 'open', 5000)
  await until('it has left', () => relay.left.length === 1)
  await expect(enrolByHand(member, relay.address, 'investigator')).rejects.toThrow('too many bad messages')
})

test('a publisher over its rate is ignored, without cost to its neighbours, and others are not', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  const other = await startNode('investigator', { bootstrap: [relay.address], minLinks: 1 })
  const member = await startStranger()
  const connection = await enrolByHand(member, relay.address, 'investigator')
  await until(
    'all joined',
    () => relay.joined.length === 3 && agent.joined.length === 1 && other.joined.length === 1,
  )
  await until('the member knows the relay', () => member.gossip.getSubscribers(actions).length === 1)
  for (let i = 0; i < 80; i++) await member.gossip.publish(actions, bytesOf(`flood ${i}`))
  await until(
    'the relay ignores',
    () => relay.log.filter(({ event }) => event === 'gossip-over-rate').length >= 35,
  )
  expect(await other.mesh.publish('actions', bytesOf('calm'))).toBe(1)
  await until('the calm one arrived', () => texts(agent, 'actions').includes('calm'))
  const flood = texts(agent, 'actions').filter((text) => text.startsWith('flood'))
  expect(flood.length).toBeGreaterThanOrEqual(30)
  expect(flood.length).toBeLessThanOrEqual(42)
  expect(connection.status).toBe('open')
})

test('a node does not publish above its own rate, because others would ignore it', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  const sent: number[] = []
  for (let i = 0; i < 25; i++) sent.push(await relay.mesh.publish('actions', bytesOf(`${i}`)))
  expect(sent.slice(0, 20)).toEqual(new Array(20).fill(1))
  expect(sent[24]).toBe(0)
  await until(
    'what was sent arrived',
    () => agent.received.length === sent.filter((count) => count > 0).length,
  )
})

test('an agent answers 300 questions at once without being ignored', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  let sent = 0
  for (let i = 0; i < 300; i++) sent += await agent.mesh.publish('results', bytesOf(`${i}`))
  expect(sent).toBe(300)
  await until('all arrived', () => relay.received.length === 300)
})

test('a handler that throws or hangs is an ignore, and gossip goes on', async () => {
  const relay = await startNode('relay', {
    message: async (_topic, _publisher, bytes) => {
      if (textOf(bytes) === 'throws') throw new Error('handler')
      if (textOf(bytes) === 'hangs') await new Promise(() => {})
      relay.received.push({ topic: 'actions', publisher: agent.peer, bytes })
      return 'accept'
    },
  })
  const agent: TestNode = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  for (const text of ['throws', 'hangs', 'fine']) await agent.mesh.publish('actions', bytesOf(text))
  await until('the last arrived', () => relay.received.length === 1, 5000)
  expect(texts(relay, 'actions')).toEqual(['fine'])
  expect(relay.log.map(({ event }) => event)).toContain('gossip-handler-failed')
})

test('when the connection that carries gossip closes and another stays, gossip goes on over that one', async () => {
  const relay = await startNode('relay')
  const member = await startStranger()
  const heard: (string | undefined)[] = []
  member.gossip.addEventListener('message', (event) => heard.push(textOf(event.detail.data)))
  member.gossip.subscribe(actions)
  const first = await enrolByHand(member, relay.address, 'investigator')
  await until('it joined', () => relay.joined.length === 1)
  const second = await enrolByHand(member, relay.address, 'investigator')
  expect(second.id).not.toBe(first.id)
  expect(await relay.mesh.publish('actions', bytesOf('before'))).toBe(1)
  await until('it heard the first', () => heard.includes('before'))
  await first.close()
  let sent = 0
  for (let i = 0; i < 100 && sent === 0; i++) {
    sent = await relay.mesh
      .publish('policy', bytesOf('x'))
      .then(() => relay.mesh.publish('actions', bytesOf('after')))
    if (sent === 0) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await until('it hears again', () => heard.includes('after'), 3000)
  expect([relay.joined.length, relay.left.length]).toEqual([1, 0])
}, 60_000)

test('a member that says it has no other connection replaces what is left of its older ones', async () => {
  const clock = shiftedClock()
  const relay = await startNode('relay', { clock })
  const member = await startStranger()
  member.gossip.subscribe(results)
  const stale = await enrolByHand(member, relay.address, 'investigator')
  await until('it joined', () => relay.joined.length === 1)
  const young = await enrolByHand(member, relay.address, 'investigator', true)
  expect(stale.status).toBe('open')
  clock.shiftMs = 6000
  const fresh = await enrolByHand(member, relay.address, 'investigator', true)
  await until('the old ones are closed', () => stale.status !== 'open' && young.status !== 'open', 2000)
  expect(fresh.status).toBe('open')
  expect([relay.joined.length, relay.left.length]).toEqual([1, 0])
}, 60_000)

test('a member that answers no stream keeps nobody else from gossip', async () => {
  const relay = await startNode('relay')
  const member = await startStranger()
  const dead = await enrolByHand(member, relay.address, 'investigator')
  const { muxer, onIncomingStream } = dead as unknown as {
    muxer: EventTarget
    onIncomingStream: (event: Event) => void
  }
  muxer.removeEventListener('stream', onIncomingStream)
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('the agent has gossip', () => agent.joined.length === 1 && relay.joined.length >= 1, 3000)
  expect(await relay.mesh.publish('actions', bytesOf('go'))).toBeGreaterThanOrEqual(1)
  await until('the agent received', () => texts(agent, 'actions').includes('go'), 1000)
})

test('a member that floods waits for the judge instead of filling the memory', async () => {
  let release = () => {}
  const gate = new Promise<'accept'>((resolve) => {
    release = () => resolve('accept')
  })
  let judged = 0
  const relay = await startNode('relay', {
    message: () => {
      judged++
      return gate
    },
  })
  const member = await startStranger()
  await enrolByHand(member, relay.address, 'agent')
  await until('it joined', () => relay.joined.length === 1)
  await until('it knows the relay', () => member.gossip.getSubscribers(results).length === 1)
  for (let i = 0; i < 200; i++) await member.gossip.publish(results, new Uint8Array(70 * 1024))
  const { streamsOutbound } = member.gossip as unknown as {
    streamsOutbound: Map<string, { rawStream: Stream }>
  }
  const stream = streamsOutbound.get(relay.peer)?.rawStream as Stream
  await new Promise((resolve) => setTimeout(resolve, 300)) // what can be sent has been sent by then
  expect(judged).toBe(1)
  expect(stream.writeBufferLength).toBeGreaterThan(10 * 1024 * 1024)
  release()
  await until('all was judged', () => judged === 200)
})
