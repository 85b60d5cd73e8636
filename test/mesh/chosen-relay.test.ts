import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { ChosenRelays } from '../../node/mesh/reach.ts'
import { nodeKeysOf } from '../../node/verification/node-keys.ts'
import { type NodeSettings, startNode, stopAll, type TestNode, until, within } from './mesh-kit.ts'

afterEach(stopAll)

/** What the policy says, seen by each node; a test changes it while the nodes run. */
const policy: { relay: PeerId | undefined; office: Set<PeerId> } = { relay: undefined, office: new Set() }
const chosenFor = (self: () => PeerId | undefined) => (): ChosenRelays => {
  const { relay, office } = policy
  const own = self()
  const isMine = own !== undefined && own !== relay && office.has(own)
  return {
    isChosen: relay !== undefined && own === relay,
    serves: (peer) => own === relay && office.has(peer),
    own: new Set(isMine && relay !== undefined ? [relay] : []),
    others: new Set(!isMine && relay !== undefined && own !== relay ? [relay] : []),
  }
}
afterEach(() => {
  policy.relay = undefined
  policy.office = new Set()
})

async function aNode(settings: NodeSettings): Promise<TestNode> {
  let node: TestNode | undefined
  node = await startNode('agent', {
    relay: undefined,
    relays: chosenFor(() => node?.peer),
    ...settings,
  })
  return node
}

const reservedAt = ({ mesh }: TestNode) =>
  mesh
    .reach()
    .reservations.filter(({ state }) => state === 'held')
    .map(({ relay }) => relay)
const hidden = (...linked: TestNode[]) =>
  aNode({ listen: [], bootstrap: linked.map(({ address }) => address), minLinks: linked.length })

test('who is chosen relays for its office and for nobody else, and stops when the policy drops it', async () => {
  const web = await aNode({ minLinks: 0 })
  const [inside, outside] = [await hidden(web), await hidden(web)]
  await until('both are linked', () => web.joined.length === 2)
  expect(web.mesh.reach()).toMatchObject({ isChosen: false })
  expect(web.mesh.reach().relaying).toBeUndefined()

  // They were linked before: identify has told nobody that it relays.
  policy.relay = web.peer
  policy.office = new Set([inside.peer])
  await until('the office has reserved', () => reservedAt(inside).includes(web.peer))
  expect(web.mesh.reach()).toMatchObject({ isChosen: true, relaying: { reservations: 1 } })
  expect(inside.mesh.addresses()).toEqual([`${web.address}/p2p-circuit/p2p/${inside.peer}`])

  // One that comes later sees that it relays, asks, and is refused.
  const later = await hidden(web)
  await until('it was refused', () =>
    later.mesh.reach().reservations.some(({ state }) => state === 'refused'),
  )
  expect(later.mesh.reach().reservations).toMatchObject([
    { relay: web.peer, reason: 'the relay does not relay for this node' },
  ])
  expect(reservedAt(outside)).toEqual([])
  expect(web.mesh.reach().relaying).toMatchObject({ reservations: 1, refused: 1 })

  policy.relay = undefined
  await until('nobody is reserved', () => reservedAt(inside).length === 0)
  await until('it relays no more', () => web.mesh.reach().relaying === undefined)
  expect(inside.mesh.addresses()).toEqual([])
}, 30_000)

test('nobody who cannot be dialled, or whose operator has said no, relays because of a policy', async () => {
  const silent = await aNode({ listen: [] })
  const unwilling = await aNode({ relay: false })
  for (const node of [silent, unwilling]) {
    policy.relay = node.peer
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(node.mesh.reach().relaying).toBeUndefined()
  }
  policy.relay = silent.peer
  expect(silent.mesh.reach()).toMatchObject({ isChosen: true, needsRelays: true })
  policy.relay = unwilling.peer
  expect(unwilling.mesh.reach().isChosen).toBe(false)
}, 15_000)

test('the chosen relay comes first, also where enough others are held already', async () => {
  const others = [await startNode('relay'), await startNode('relay')]
  const web = await aNode({ minLinks: 0 })
  const inside = await hidden(...others, web)
  await until('two others are held', () => reservedAt(inside).length === 2)
  policy.relay = web.peer
  policy.office = new Set([inside.peer])
  await until('the chosen one is held', () => reservedAt(inside).includes(web.peer))
  expect(inside.mesh.addresses()[0]).toBe(`${web.address}/p2p-circuit/p2p/${inside.peer}`)
}, 20_000)

test('a chosen relay that is not linked is looked for among acquaintances', async () => {
  const others = [await startNode('relay'), await startNode('relay')]
  const web = await aNode({ minLinks: 0 })
  const inside = await aNode({
    listen: [],
    bootstrap: others.map(({ address }) => address),
    minLinks: 2,
    acquaintances: () => [{ peer: web.peer, addresses: [web.address], relays: true }],
  })
  await until('two others are held', () => reservedAt(inside).length === 2)
  expect(web.joined).toEqual([])
  policy.relay = web.peer
  policy.office = new Set([inside.peer])
  await until('the chosen one is held', () => reservedAt(inside).includes(web.peer), 20_000)
}, 40_000)

test('a chosen relay to which a circuit stands already is linked directly all the same, and asked', async () => {
  const hub = await startNode('relay')
  // The one that listens has the higher id: hole punching begins at the other and finds no way between two of one machine.
  const [low, high] = [randomBytes(32), randomBytes(32)].sort((a, b) =>
    nodeKeysOf(a).peerId < nodeKeysOf(b).peerId ? -1 : 1,
  ) as [Buffer, Buffer]
  const web = await aNode({ peerKeySeed: high, bootstrap: [hub.address] })
  let known: readonly string[] = []
  const inside = await aNode({
    peerKeySeed: low,
    listen: [],
    bootstrap: [hub.address],
    acquaintances: () => [{ peer: web.peer, addresses: known, relays: true }],
  })
  await until('it is reached through the hub', () => inside.mesh.addresses().length === 1)
  await web.mesh.dial(inside.mesh.addresses(), within(5000))
  await until('a circuit stands', () => inside.joined.length === 2)
  expect(inside.mesh.members().find(({ peer }) => peer === web.peer)).toMatchObject({ relayed: true })

  policy.relay = web.peer
  policy.office = new Set([inside.peer])
  known = [web.address]
  await until('the chosen one is held', () => reservedAt(inside).includes(web.peer))
  expect(inside.left).toEqual([])
}, 40_000)
