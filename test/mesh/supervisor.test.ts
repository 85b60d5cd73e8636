import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { bytesOf, startNode, stopAll, stopNode, type TestNode, texts, until, within } from './mesh-kit.ts'

afterEach(stopAll)

test('agents find a restarted relay again by themselves, and gossip works', async () => {
  const seed = randomBytes(32)
  const first = await startNode('relay', { peerKeySeed: seed })
  const port = /tcp\/(\d+)/.exec(first.address)?.[1]
  const agents: TestNode[] = []
  for (let i = 0; i < 5; i++) agents.push(await startNode('agent', { bootstrap: [first.address] }))
  await until(
    'all joined',
    () => [first, ...agents].every(({ joined }) => joined.length >= 1) && first.joined.length === 5,
  )
  await stopNode(first)
  await until('all noticed', () => agents.every((agent) => agent.left.length === 1), 3000)

  const second = await startNode('relay', { peerKeySeed: seed, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  const tookMs = await until('all are back', () => second.joined.length === 5, 12_000)
  console.log('five agents back after a relay restart', Math.round(tookMs), 'ms')
  expect(await second.mesh.publish('actions', bytesOf('again'))).toBe(5)
  await until('all received', () => agents.every((agent) => texts(agent, 'actions').includes('again')), 3000)
  expect(agents.map((agent) => agent.joined.length)).toEqual([2, 2, 2, 2, 2])
}, 60_000)

test('a bootstrap peer that starts later is found', async () => {
  const seed = randomBytes(32)
  const probe = await startNode('relay', { peerKeySeed: seed })
  const { address } = probe
  await stopNode(probe)
  const agent = await startNode('agent', { bootstrap: [address] })
  await until('it has failed', () => agent.log.some(({ event }) => event === 'dial-failed'))
  const relay = await startNode('relay', { peerKeySeed: seed, listen: [address.replace(/\/p2p\/.*/, '')] })
  await until('it is found', () => relay.joined.length === 1, 8000)
}, 60_000)

test('acquaintances are dialled until there are enough links, and a bootstrap peer is kept besides', async () => {
  const relay = await startNode('relay')
  const others = await Promise.all([1, 2, 3, 4, 5].map(() => startNode('agent', { minLinks: 0 })))
  const agent = await startNode('agent', {
    bootstrap: [relay.address],
    minLinks: 3,
    acquaintances: () => [
      { peer: others[0]?.peer ?? relay.peer, addresses: ['nonsense', '/ip4/127.0.0.1/tcp/1'] },
      ...others.map(({ peer, address }) => ({ peer, addresses: [address] })),
    ],
  })
  await until('three links', () => agent.joined.length === 3)
  expect(agent.mesh.members().map(({ peer }) => peer)).toContain(relay.peer)
  // Enough is enough, and a lost link is replaced.
  const lost = others.find(({ peer }) =>
    agent.mesh.members().some((member) => member.peer === peer),
  ) as TestNode
  await stopNode(lost)
  await until('a new link', () => agent.joined.length === 4, 5000)
  expect(agent.mesh.members()).toHaveLength(3)
})

test('a refused node is not dialled again at once', async () => {
  let judged = 0
  const relay = await startNode('relay', {
    judge: async () => {
      judged++
      return { kind: 'refused', reason: 'not today' }
    },
  })
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('it was refused', () => agent.log.some(({ event }) => event === 'dial-failed'))
  const { details } = agent.log.find(({ event }) => event === 'dial-failed') ?? {}
  expect(details).toMatchObject({ kind: 'refused', reason: 'not today' })
  expect(details?.retryMs).toBeGreaterThan(3000)
  expect(judged).toBe(1)
})

test('another peer at the address is noticed, logged and not admitted', async () => {
  const relay = await startNode('relay')
  const other = await startNode('relay')
  const agent = await startNode('agent', { bootstrap: [relay.address.replace(relay.peer, other.peer)] })
  await until('it was noticed', () => agent.log.some(({ event }) => event === 'peer-id-mismatch'))
  expect(agent.mesh.members()).toEqual([])
})

test('a node does not dial itself', async () => {
  const seed = randomBytes(32)
  const first = await startNode('agent', { peerKeySeed: seed })
  await stopNode(first)
  const listen = [first.address.replace(/\/p2p\/.*/, '')]
  const agent = await startNode('agent', { peerKeySeed: seed, listen, bootstrap: [first.address] })
  await expect(agent.mesh.dial([agent.address], within(1000))).rejects.toMatchObject({
    code: 'not-reachable',
  })
  expect(agent.log.filter(({ event }) => event === 'dial-failed')).toEqual([])
})

test('two nodes that dial each other at once are one link to each other, with gossip', async () => {
  const seeds = [randomBytes(32), randomBytes(32)] as const
  const probes = [
    await startNode('relay', { peerKeySeed: seeds[0] }),
    await startNode('relay', { peerKeySeed: seeds[1] }),
  ]
  const addresses = probes.map(({ address }) => address)
  const listen = addresses.map((address) => [address.replace(/\/p2p\/.*/, '')])
  await Promise.all(probes.map(stopNode))
  const [one, two] = (await Promise.all(
    [0, 1].map((i) =>
      startNode('relay', {
        peerKeySeed: seeds[i] as Uint8Array,
        listen: listen[i] as string[],
        bootstrap: [addresses[1 - i] as string],
      }),
    ),
  )) as [TestNode, TestNode]
  await until('both joined', () => one.joined.length === 1 && two.joined.length === 1)
  expect(await one.mesh.publish('actions', bytesOf('from one'))).toBe(1)
  expect(await two.mesh.publish('actions', bytesOf('from two'))).toBe(1)
  await until('both received', () => texts(two, 'actions').length === 1 && texts(one, 'actions').length === 1)
  expect([one.mesh.members().length, two.mesh.members().length]).toEqual([1, 1])
  expect([...one.left, ...two.left]).toEqual([])
})

test('dialling says for each address why it led to nobody', async () => {
  const agent = await startNode('agent')
  const relay = await startNode('relay', { credentials: async () => bytesOf('impostor') })
  const error = await agent.mesh
    .dial(['/ip4/127.0.0.1/tcp/1', `/ip4/127.0.0.1/tcp/1/p2p/${agent.peer}`, relay.address], within(5000))
    .catch((caught: Error) => caught)
  expect(error).toMatchObject({ code: 'not-reachable' })
  expect((error as Error).message).toContain('no /p2p/<id> at its end')
  expect((error as Error).message).toContain('this node itself')
  expect((error as Error).message).toContain("no role 'impostor'")
  await expect(agent.mesh.dial([], within(1000))).rejects.toMatchObject({ code: 'not-reachable' })
})

test('stopping is quick, may be asked twice, frees the port and silences the handlers', async () => {
  const relay = await startNode('relay')
  const agents = await Promise.all([1, 2, 3].map(() => startNode('agent', { bootstrap: [relay.address] })))
  await until(
    'all joined',
    () => relay.joined.length === 3 && agents.every(({ joined }) => joined.length === 1),
  )
  const startedMs = performance.now()
  await Promise.all([relay.mesh.stop(), relay.mesh.stop()])
  const tookMs = performance.now() - startedMs
  console.log('stop', Math.round(tookMs), 'ms')
  expect(tookMs).toBeLessThan(1000)
  await until('the agents noticed', () => agents.every((agent) => agent.left.length === 1), 2000)
  expect(relay.left).toEqual([])
  await startNode('relay', { listen: [relay.address.replace(/\/p2p\/.*/, '')] })
})
