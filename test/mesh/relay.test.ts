import { afterEach, expect, test } from 'vitest'
import { parseAddress } from '../../node/mesh/addresses.ts'
import {
  bytesOf,
  type NodeSettings,
  startNode,
  stopAll,
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
