import { afterEach, expect, test } from 'vitest'
import { bytesOf, startNode, stopAll, type TestNode, texts, until } from './mesh-kit.ts'

afterEach(stopAll)

test('a hub takes 30 nodes from one address within seconds', async () => {
  const relay = await startNode('relay')
  const agents = await Promise.all(
    Array.from({ length: 30 }, () => startNode('agent', { listen: [], bootstrap: [relay.address] })),
  )
  const tookMs = await until('all joined', () => relay.joined.length === 30, 50_000)
  console.log('30 agents joined over TCP', Math.round(tookMs), 'ms')
  // Cut off by a connection limit they would say so; a busy machine may cost a retry.
  const reasons = agents.flatMap(({ log }) => log.map(({ details }) => `${details?.reason ?? ''}`))
  expect(reasons.filter((reason) => /ECONNRESET|encrypt/i.test(reason))).toEqual([])
}, 60_000)

test('50 nodes in one process all join over the memory transport, and one message reaches them', async () => {
  const before = process.memoryUsage.rss()
  const relay = await startNode('relay', { transport: 'memory' })
  const agents: TestNode[] = await Promise.all(
    Array.from({ length: 49 }, () => startNode('agent', { transport: 'memory', bootstrap: [relay.address] })),
  )
  const joinMs = await until('all joined', () => relay.joined.length === 49, 50_000)
  await until('all have joined', () => agents.every(({ joined }) => joined.length === 1), 50_000)
  expect(await relay.mesh.publish('actions', bytesOf('all'))).toBe(49)
  const reachMs = await until('all received', () =>
    agents.every((agent) => texts(agent, 'actions').length === 1),
  )
  const perNode = (process.memoryUsage.rss() - before) / 50 / 1024 / 1024
  console.log(
    `50 memory nodes: joined ${Math.round(joinMs)} ms, reached ${Math.round(reachMs)} ms, ${perNode.toFixed(1)} MB each`,
  )
}, 60_000)
