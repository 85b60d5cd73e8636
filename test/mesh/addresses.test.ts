import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { isCircuit, parseAddress, relayOf } from '../../node/mesh/addresses.ts'
import { startNode, stopAll } from './mesh-kit.ts'

afterEach(stopAll)

test('addresses are those it listens on, or those it announces, each with the peer id', async () => {
  const listening = await startNode('relay', { listen: ['/ip4/127.0.0.1/tcp/0'] })
  expect(listening.mesh.addresses()).toEqual([
    expect.stringMatching(new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/[1-9]\\d*/p2p/${listening.peer}$`)),
  ])
  const announced = await startNode('relay', { announce: ['/dns4/relay.example.org/tcp/4001'] })
  expect(announced.mesh.addresses()).toEqual([`/dns4/relay.example.org/tcp/4001/p2p/${announced.peer}`])
  const dialsOnly = await startNode('agent', { listen: [] })
  expect(dialsOnly.mesh.addresses()).toEqual([])
})

test('a node that listens everywhere names the addresses of its interfaces', async () => {
  const node = await startNode('relay', { listen: ['/ip4/0.0.0.0/tcp/0'] })
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const expected = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  expect(
    node.mesh
      .addresses()
      .map((address) => address.split('/')[2])
      .sort(),
  ).toEqual(expected.sort())
})

test.each([
  ['a bootstrap address without a peer id', { bootstrap: ['/ip4/127.0.0.1/tcp/4001'] }],
  ['a listening address that is none', { listen: ['127.0.0.1:4001'] }],
  ['a key of another length', { peerKeySeed: randomBytes(31) }],
])('%s is refused with bad-input', async (_what, settings) => {
  await expect(startNode('agent', settings)).rejects.toMatchObject({ code: 'bad-input' })
})

test('a port that is taken is said so', async () => {
  const first = await startNode('relay')
  const listen = [first.address.replace(/\/p2p\/.*/, '')]
  await expect(startNode('relay', { listen })).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining(listen[0] as string),
  })
})

const relay = peerIdOf(new Uint8Array(32).fill(1))
const agent = peerIdOf(new Uint8Array(32).fill(2))

test.each([
  ['through a relay', `/ip4/192.0.2.1/tcp/7373/p2p/${relay}/p2p-circuit/p2p/${agent}`, true],
  [
    'through a relay with a name',
    `/dns4/hub.example/tcp/443/wss/p2p/${relay}/p2p-circuit/p2p/${agent}`,
    true,
  ],
  [
    'through two relays',
    `/ip4/192.0.2.1/tcp/1/p2p/${relay}/p2p-circuit/p2p/${relay}/p2p-circuit/p2p/${agent}`,
    false,
  ],
  ['through a relay that is not named', `/ip4/192.0.2.1/tcp/7373/p2p-circuit/p2p/${agent}`, false],
  ['through a relay without an address', `/p2p/${relay}/p2p-circuit/p2p/${agent}`, false],
  ['through itself', `/ip4/192.0.2.1/tcp/7373/p2p/${agent}/p2p-circuit/p2p/${agent}`, false],
  [
    'with something behind the circuit',
    `/ip4/192.0.2.1/tcp/1/p2p/${relay}/p2p-circuit/tcp/22/p2p/${agent}`,
    false,
  ],
])('an address %s is read: %s', (_what, text, isRead) => {
  expect(parseAddress(text)?.peer).toBe(isRead ? agent : undefined)
})

test('the relay of a circuit is the one in front of it, and a direct address has none', () => {
  const circuit = multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${relay}/p2p-circuit/p2p/${agent}`)
  expect([isCircuit(circuit), relayOf(circuit)]).toEqual([true, relay])
  const direct = multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${agent}`)
  expect([isCircuit(direct), relayOf(direct)]).toEqual([false, undefined])
})
