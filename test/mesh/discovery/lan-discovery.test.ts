import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { Instant } from '../../../node/core/clock.ts'
import { lanAnswerGapMs, maxLanQuestionMs } from '../../../node/core/limits.ts'
import { peerIdOf } from '../../../node/core/peer-id.ts'
import { LanDiscovery, type OpenLan } from '../../../node/mesh/discovery/lan-discovery.ts'
import { LanCodec } from '../../../node/mesh/discovery/mdns-message.ts'
import { createManualClock } from '../../gate/manual-clock.ts'
import { realRandom, startNode, stopAll, until } from '../mesh-kit.ts'

afterEach(stopAll)

const codec = new LanCodec('testfleet')
const somebody = () => peerIdOf(randomBytes(32))

/** An office within this process: what one says all hear, also the one who says it. */
function anOffice() {
  const ears = new Set<(bytes: Uint8Array, address: string) => void>()
  const said: Uint8Array[] = []
  const say = (bytes: Uint8Array, address = '127.0.0.1') => {
    said.push(bytes)
    for (const hear of ears) hear(bytes, address)
  }
  const open: OpenLan = async (received) => {
    ears.add(received)
    return {
      send: (bytes) => say(bytes),
      refresh: () => undefined,
      close: async () => void ears.delete(received),
    }
  }
  return { open, say, said, ears }
}

test('members in one office find one another with no other address, and are one link', async () => {
  const office = anOffice()
  const settings = { mdns: true, lan: office.open, minLinks: 1 }
  const nodes = await Promise.all([startNode('agent', settings), startNode('agent', settings)])
  await until('linked', () => nodes.every(({ joined }) => joined.length === 1))
  const [a, b] = nodes
  const opener = (a?.peer ?? '') < (b?.peer ?? '') ? a : b
  // The one with the lower id has dialled, and only that one.
  expect(opener?.mesh.members()).toMatchObject([{ direction: 'outbound' }])
  expect(nodes.flatMap(({ mesh }) => mesh.members())).toHaveLength(2)
})

test('one who only dials finds one who listens, and says nothing of itself', async () => {
  const office = anOffice()
  const relay = await startNode('relay', { mdns: true, lan: office.open })
  const agent = await startNode('agent', { mdns: true, lan: office.open, listen: [] })
  await until('linked', () => agent.joined.length === 1)
  const said = Buffer.concat(office.said).toString('latin1')
  expect(said).toContain(relay.peer)
  expect(said).not.toContain(agent.peer)
})

test('one who was heard of is admitted like any other, or not', async () => {
  const office = anOffice()
  const stranger = await startNode('relay', { fleet: 'otherfleet' })
  const refused = await startNode('agent', {
    mdns: true,
    lan: office.open,
    judge: async () => ({ kind: 'refused', reason: 'not one of us' }),
  })
  const port = Number(/tcp\/(\d+)/.exec(stranger.address)?.[1])
  const member = await startNode('relay', { mdns: true, lan: office.open })
  office.say(codec.answer(stranger.peer, port))
  // Somebody who says that they are another, at the stranger's port.
  office.say(codec.answer(somebody(), port))
  await until(
    'all three were tried',
    () => refused.log.filter(({ event }) => event === 'dial-failed').length >= 3,
    15_000,
  )
  expect(refused.mesh.members()).toEqual([])
  expect(member.mesh.members()).toEqual([])
})

test('in a flood of made-up members the real one is found, and a bootstrap peer at once', async () => {
  const office = anOffice()
  const relay = await startNode('relay')
  const agent = await startNode('agent', {
    mdns: true,
    lan: office.open,
    listen: [],
    bootstrap: [relay.address],
    minLinks: 2,
  })
  let ends = false
  const flood = (async () => {
    while (!ends) {
      // Port 1024 of this machine: nobody is there.
      for (let j = 0; j < 50; j++) office.say(codec.answer(somebody(), 1024), `127.0.0.${2 + (j & 7)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  await until('the bootstrap peer is linked', () => agent.mesh.members().length === 1, 10_000)
  const neighbour = await startNode('agent', { mdns: true, lan: office.open, minLinks: 1 })
  const tookMs = await until('the real neighbour is found', () => agent.mesh.members().length === 2, 120_000)
  ends = true
  await flood
  console.log('found among', office.said.length, 'made-up members after', Math.round(tookMs), 'ms')
  expect(agent.mesh.members().map(({ peer }) => peer)).toContain(neighbour.peer)
  const heard = agent.log.filter(({ event }) => event === 'mdns-heard').length
  expect(heard).toBeLessThan(200)
}, 180_000)

test('a node on loopback sends nothing to real networks, even when it is told to', async () => {
  const node = await startNode('relay', { mdns: true })
  expect(node.log.map(({ event }) => event)).toContain('mdns-off')
})

/** Without a mesh: time is moved by hand. */
async function alone(settings: { wants: () => boolean; port: number | undefined }) {
  const office = anOffice()
  const clock = createManualClock(0 as Instant)
  const discovery = new LanDiscovery(
    { fleet: 'testfleet', ownPeer: somebody(), port: () => settings.port },
    {
      clock,
      random: realRandom,
      log: () => undefined,
      open: office.open,
      wants: settings.wants,
      found: () => undefined,
    },
  )
  await discovery.start()
  const count = (kind: 'question' | 'answer') =>
    office.said.filter((bytes) => codec.read(bytes)?.kind === kind).length
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i += 100) clock.advance(100)
  }
  return { office, discovery, count, pass }
}

test('who lacks links asks ever more rarely, and who has them is silent', async () => {
  let wants = true
  const { count, pass, discovery } = await alone({ wants: () => wants, port: undefined })
  pass(60_000)
  expect(count('question')).toBeGreaterThanOrEqual(4)
  expect(count('question')).toBeLessThanOrEqual(8)
  const before = count('question')
  pass(10 * maxLanQuestionMs)
  expect(count('question') - before).toBeLessThanOrEqual(14)
  wants = false
  pass(2 * maxLanQuestionMs)
  const silent = count('question')
  pass(10 * maxLanQuestionMs)
  expect(count('question')).toBe(silent)
  wants = true
  pass(maxLanQuestionMs / 2)
  expect(count('question')).toBeGreaterThan(silent + 1)
  await discovery.stop()
})

test('a thousand questions get one answer a second', async () => {
  const { office, count, pass, discovery } = await alone({ wants: () => false, port: 7373 })
  for (let i = 0; i < 1000; i++) office.say(codec.question())
  pass(200)
  expect(count('answer')).toBe(1)
  for (let i = 0; i < 1000; i++) office.say(codec.question())
  pass(lanAnswerGapMs - 300)
  expect(count('answer')).toBe(1)
  pass(500)
  expect(count('answer')).toBe(2)
  await discovery.stop()
})

test('stops without a word, and a network without multicast is no fault', async () => {
  const { office, pass, discovery } = await alone({ wants: () => true, port: 7373 })
  await discovery.stop()
  expect(office.ears.size).toBe(0)
  const before = office.said.length
  pass(120_000)
  expect(office.said).toHaveLength(before)
  const node = await startNode('relay', {
    mdns: true,
    lan: async () => Promise.reject(new Error('no multicast here')),
  })
  await until('it says so', () => node.log.some(({ event }) => event === 'mdns-off'))
})
