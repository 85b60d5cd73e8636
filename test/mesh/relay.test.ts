import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { relayedLinkSpareMs, reservationRenewMs, reservationTtlMs } from '../../node/core/limits.ts'
import { type PeerId, peerIdOf } from '../../node/core/peer-id.ts'
import { parseAddress } from '../../node/mesh/addresses.ts'
import {
  bytesOf,
  type NodeSettings,
  shiftedClock,
  startNode,
  stopAll,
  stopNode,
  type TestNode,
  textOf,
  texts,
  until,
  within,
} from './mesh-kit.ts'

afterEach(stopAll)

const hidden = (relays: readonly TestNode[], settings: NodeSettings = {}) =>
  startNode('agent', {
    listen: [],
    bootstrap: relays.map(({ address }) => address),
    minLinks: 1,
    ...settings,
  })

const hasReservation = (node: TestNode, count = 1) =>
  node.mesh.reach().reservations.filter(({ state }) => state === 'held').length >= count

const echo: NodeSettings['stream'] = async (_name, _peer, stream) => {
  for (;;) {
    const frame = await stream.read({ ...within(20_000), maxBytes: 1 << 22 })
    if (frame === undefined) return
    await stream.write(frame, within(20_000))
  }
}

test('an agent that listens nowhere is reached through a relay, with gossip and streams', async () => {
  const relay = await startNode('relay')
  const agent = await hidden([relay], { stream: echo })
  expect(agent.mesh.addresses()).toEqual([])
  const tookMs = await until('a reservation', () => hasReservation(agent))
  console.log('reserved after', Math.round(tookMs), 'ms')
  const [address = ''] = agent.mesh.addresses()
  expect(address).toBe(`${relay.address}/p2p-circuit/p2p/${agent.peer}`)
  expect(parseAddress(address)?.peer).toBe(agent.peer)

  const investigator = await startNode('investigator', { listen: [], minLinks: 0 })
  expect(await investigator.mesh.dial(agent.mesh.addresses(), within(5000))).toBe(agent.peer)
  await until('both joined', () => investigator.joined.length >= 1 && agent.joined.length === 2)
  const [seen] = investigator.mesh.members().filter(({ peer }) => peer === agent.peer)
  expect(seen).toMatchObject({ relayed: true, relay: relay.peer, direction: 'outbound' })
  const [other] = agent.mesh.members().filter(({ peer }) => peer === investigator.peer)
  expect(other).toMatchObject({ relayed: true, relay: relay.peer, direction: 'inbound' })

  const stream = await investigator.mesh.open(agent.peer, 'detail', within(5000))
  await stream.write(bytesOf('through the relay'), within(5000))
  expect(textOf(await stream.read({ ...within(5000), maxBytes: 100 }))).toBe('through the relay')
  await stream.close()
  expect(await investigator.mesh.publish('actions', bytesOf('gossip'))).toBeGreaterThan(0)
  await until('it arrived', () => texts(agent, 'actions').includes('gossip'))
})

test('relays in two places are reserved at, and what one of them loses the other keeps', async () => {
  const [first, second] = [await startNode('relay'), await startNode('relay')] as const
  const agent = await hidden([first, second], {
    stream: echo,
    minLinks: 2,
  })
  await until('both reservations', () => hasReservation(agent, 2))
  expect(new Set(agent.mesh.addresses())).toEqual(
    new Set([first, second].map(({ address }) => `${address}/p2p-circuit/p2p/${agent.peer}`)),
  )
  const known = agent.mesh.addresses()
  await stopNode(first)
  await until('the loss is noticed', () => agent.mesh.addresses().length === 1)
  const investigator = await startNode('investigator', { listen: [] })
  expect(await investigator.mesh.dial(known, within(15_000))).toBe(agent.peer)
  expect(investigator.mesh.members().find(({ peer }) => peer === agent.peer)?.relay).toBe(second.peer)
})

test('a reservation comes back within seconds of the restart of its relay', async () => {
  const seed = randomBytes(32)
  const first = await startNode('relay', { peerKeySeed: seed })
  const agent = await hidden([first])
  await until('a reservation', () => hasReservation(agent))
  await stopNode(first)
  await until('the loss is noticed', () => agent.mesh.addresses().length === 0)
  const again = await startNode('relay', {
    peerKeySeed: seed,
    listen: [first.address.replace(/\/p2p\/.*/, '')],
  })
  const tookMs = await until('it is there again', () => hasReservation(agent), 15_000)
  console.log('reserved again', Math.round(tookMs), 'ms after the relay’s restart')
  expect(again.mesh.reach().relaying?.reservations).toBe(1)
})

test('a reservation is renewed by the own clock, and a relay forgets one that is not', async () => {
  const relayClock = shiftedClock()
  const agentClock = shiftedClock()
  const relay = await startNode('relay', { clock: relayClock })
  const agent = await hidden([relay], { clock: agentClock })
  await until('a reservation', () => hasReservation(agent))
  // The agent renews every five minutes or so; the relay keeps it for thirty.
  agentClock.shiftMs += reservationRenewMs * 1.25
  relayClock.shiftMs += reservationTtlMs - 60_000
  // Its next look, a second later at most, renews; 29 minutes have gone by for the relay.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  relayClock.shiftMs += 120_000
  expect(relay.mesh.reach().relaying?.reservations).toBe(1)
  relayClock.shiftMs += reservationTtlMs
  expect(relay.mesh.reach().relaying?.reservations).toBe(0)
})

test('any member may relay that is told to, and nobody else does', async () => {
  const helper = await startNode('agent', { relay: true, minLinks: 0 })
  const agent = await hidden([helper], { stream: echo })
  await until('a reservation', () => hasReservation(agent))
  const unwilling = await startNode('agent', { minLinks: 0 })
  const other = await hidden([unwilling])
  await until('it joined', () => other.joined.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(other.mesh.reach()).toMatchObject({ needsRelays: true, reservations: [] })
  expect(unwilling.mesh.reach().relaying).toBeUndefined()
})

test('a relay counts what it carries for each peer', async () => {
  const relay = await startNode('relay')
  const agent = await hidden([relay], { stream: echo })
  await until('a reservation', () => hasReservation(agent))
  const investigator = await startNode('investigator', { listen: [] })
  await investigator.mesh.dial(agent.mesh.addresses(), within(10_000))
  const stream = await investigator.mesh.open(agent.peer, 'detail', within(10_000))
  const page = new Uint8Array(1 << 20)
  await stream.write(page, within(20_000))
  expect((await stream.read({ ...within(20_000), maxBytes: 1 << 20 }))?.length).toBe(1 << 20)
  const { relaying } = relay.mesh.reach()
  // The investigator's node listens nowhere either.
  expect(relaying).toMatchObject({ reservations: 2, circuits: 1 })
  const of = (node: TestNode) => relaying?.accounts.find(({ peer }) => peer === node.peer)
  expect(of(investigator)).toMatchObject({ circuits: 1, circuitsEver: 1 })
  for (const node of [investigator, agent]) {
    expect(of(node)?.sentBytes).toBeGreaterThan(1 << 20)
    expect(of(node)?.receivedBytes).toBeGreaterThan(1 << 20)
  }
  expect(relaying?.bytes).toBe((of(investigator)?.sentBytes ?? 0) + (of(agent)?.sentBytes ?? 0))
  await stopNode(investigator)
  await until('the circuit is given back', () => relay.mesh.reach().relaying?.circuits === 0)
})

test('a member whose port answers reserves nowhere, and one whose port does not is told so', async () => {
  const relay = await startNode('relay')
  const open = await startNode('agent', { bootstrap: [relay.address] })
  await until('it was dialled back', () => open.mesh.reach().checks.length === 1)
  const port = /tcp\/(\d+)/.exec(open.address)?.[1]
  expect(open.mesh.reach()).toMatchObject({
    needsRelays: false,
    reservations: [],
    checks: [{ by: relay.peer, reached: [`/ip4/127.0.0.1/tcp/${port}`] }],
  })
  // The dial back leaves nothing behind: no second connection, nobody who joins or leaves.
  expect([relay.joined.length, open.joined.length, relay.left.length, open.left.length]).toEqual([1, 1, 0, 0])

  const closed = await startNode('agent', {
    bootstrap: [relay.address],
    listen: [],
    announce: ['/ip4/127.0.0.1/tcp/9'],
  })
  await until('it knows', () => closed.mesh.reach().needsRelays && hasReservation(closed))
  expect(closed.mesh.reach().checks).toEqual([
    { by: relay.peer, tried: ['/ip4/127.0.0.1/tcp/9'], reached: [] },
  ])
})

test('another node at the port is not taken for the one that asked', async () => {
  const relay = await startNode('relay')
  const other = await startNode('agent', { minLinks: 0 })
  const port = /tcp\/(\d+)/.exec(other.address)?.[1]
  const agent = await startNode('agent', {
    bootstrap: [relay.address],
    listen: [],
    announce: [`/ip4/127.0.0.1/tcp/${port}`],
  })
  await until('it was tried', () => agent.mesh.reach().checks.length === 1)
  expect(agent.mesh.reach().checks).toMatchObject([{ reached: [] }])
})

test('when a direct link stands, the relayed one beside it is given up and gossip goes on', async () => {
  const clock = shiftedClock()
  const relay = await startNode('relay')
  const agent = await hidden([relay], { stream: echo })
  await until('a reservation', () => hasReservation(agent))
  const investigator = await startNode('investigator', { clock })
  await investigator.mesh.dial(agent.mesh.addresses(), within(10_000))
  await until('both joined', () => agent.joined.length === 2 && investigator.joined.length >= 1)
  // What hole punching does: a second, direct connection.
  const isDirect = () =>
    investigator.mesh.members().find(({ peer }) => peer === agent.peer)?.relayed === false
  await agent.mesh.dial([investigator.address], within(10_000))
  await until('it is shown as direct', isDirect)
  clock.shiftMs += relayedLinkSpareMs
  await until('the circuit is gone', () => relay.mesh.reach().relaying?.circuits === 0)
  expect(isDirect()).toBe(true)
  expect([agent.left, investigator.left]).toEqual([[], []])
  let sent = 0
  for (let i = 0; sent === 0 && i < 200; i++) {
    sent = await investigator.mesh.publish('actions', bytesOf('direct'))
    if (sent === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await until('gossip arrives', () => texts(agent, 'actions').includes('direct'))
})

test('nobody is dialled through oneself: a relay leaves alone whom only itself could reach', async () => {
  const gone = peerIdOf(randomBytes(32))
  const known: { peer: PeerId; addresses: string[] }[] = []
  const relay = await startNode('relay', { minLinks: 2, acquaintances: () => known })
  const other = await startNode('relay')
  const agent = await hidden([other])
  await until('a reservation', () => hasReservation(agent))
  const through = (via: TestNode, peer: PeerId) => `${via.address}/p2p-circuit/p2p/${peer}`
  known.push({ peer: gone, addresses: [through(relay, gone)] })
  known.push({ peer: agent.peer, addresses: [through(relay, agent.peer), through(other, agent.peer)] })
  await until('the agent is reached through the other', () =>
    relay.mesh.members().some(({ peer, relay: via }) => peer === agent.peer && via === other.peer),
  )
  // What is missing is looked for every second.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(relay.log.filter(({ event }) => event === 'dial-failed')).toEqual([])
  await expect(relay.mesh.dial([through(relay, gone)], within(5000))).rejects.toMatchObject({
    code: 'not-reachable',
    message: expect.stringContaining('known only through this node itself'),
  })
})
