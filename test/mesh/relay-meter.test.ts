import { expect, test } from 'vitest'
import { type PeerId, peerIdOf } from '../../node/core/peer-id.ts'
import { RelayMeter } from '../../node/mesh/relay-meter.ts'

const peer = (n: number) => peerIdOf(new Uint8Array(32).fill(n)) as PeerId
const [ann, bob, cat] = [peer(1), peer(2), peer(3)] as const

function aMeter(bounds: Partial<ConstructorParameters<typeof RelayMeter>[0]> = {}) {
  const clock = { ms: 0 }
  const meter = new RelayMeter(
    {
      maxCircuits: 3,
      maxCircuitsPeer: 2,
      bytesPerSecond: 10_000,
      bytesPerSecondPeer: 1000,
      burstBytesPeer: 2000,
      maxPeers: 100,
      ...bounds,
    },
    () => clock.ms,
  )
  return { meter, clock }
}

test('a peer has only so many circuits, at whichever end it stands, and a place comes back once', () => {
  const { meter } = aMeter()
  const first = meter.open(ann, bob)
  expect(first).toBeDefined()
  expect(meter.open(cat, ann)).toBeDefined()
  expect(meter.open(ann, peer(4))).toBeUndefined()
  expect(meter.open(peer(4), ann)).toBeUndefined()
  first?.()
  first?.()
  expect(meter.circuits).toBe(1)
  expect(meter.open(ann, bob)).toBeDefined()
})

test('all together have only so many', () => {
  const { meter } = aMeter()
  for (let n = 10; n < 13; n++) expect(meter.open(peer(n), peer(n + 100))).toBeDefined()
  expect(meter.open(peer(50), peer(51))).toBeUndefined()
})

test('the sender waits once its burst is used up, and its receiver does not', () => {
  const { meter, clock } = aMeter()
  expect(meter.carried(ann, bob, 2000)).toBe(0)
  expect(meter.carried(ann, bob, 500)).toBe(500)
  expect(meter.carried(bob, ann, 2000)).toBe(0)
  clock.ms += 1500
  expect(meter.carried(ann, bob, 1000)).toBe(0)
  expect(meter.carried(ann, bob, 1)).toBe(1)
})

test('all senders together wait when the relay’s own share is used up', () => {
  const { meter } = aMeter({ bytesPerSecond: 3000 })
  expect(meter.carried(ann, bob, 1500)).toBe(0)
  expect(meter.carried(cat, bob, 1500)).toBe(0)
  expect(meter.carried(peer(4), bob, 300)).toBe(100)
})

test('bytes and circuits are counted for both ends, the busiest first', () => {
  const { meter } = aMeter()
  const close = meter.open(ann, bob)
  meter.carried(ann, bob, 300)
  meter.carried(bob, ann, 20)
  meter.carried(ann, cat, 1)
  close?.()
  expect(meter.accounts()).toEqual([
    { peer: ann, circuits: 0, circuitsEver: 1, sentBytes: 301, receivedBytes: 20, refused: 0 },
    { peer: bob, circuits: 0, circuitsEver: 1, sentBytes: 20, receivedBytes: 300, refused: 0 },
    { peer: cat, circuits: 0, circuitsEver: 0, sentBytes: 0, receivedBytes: 1, refused: 0 },
  ])
  expect(meter.bytes).toBe(321)
})

test('what is refused counts for whoever asked', () => {
  const { meter } = aMeter()
  meter.refuse(cat)
  meter.refuse(cat)
  meter.refuse(bob)
  expect(meter.refused).toBe(3)
  const refused = Object.fromEntries(meter.accounts().map((account) => [account.peer, account.refused]))
  expect(refused).toEqual({ [cat]: 2, [bob]: 1 })
})

test('only so many peers are remembered; those with a circuit always', () => {
  const { meter } = aMeter({ maxPeers: 4, maxCircuits: 100 })
  meter.open(ann, bob)
  for (let n = 10; n < 30; n++) meter.carried(peer(n), peer(n), 1)
  expect(meter.accounts()).toHaveLength(4)
  expect(meter.accounts().map((account) => account.peer)).toEqual(expect.arrayContaining([ann, bob]))
})
