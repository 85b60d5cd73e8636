import { afterEach, expect, test } from 'vitest'
import { bytesOf, startNode, stopAll, texts, until } from './mesh-kit.ts'

afterEach(stopAll)

test('two nodes meet and gossip both ways', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  const tookMs = await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  console.log('join', Math.round(tookMs), 'ms')
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
  expect(texts(relay, 'results')).toEqual(['answer'])
})
