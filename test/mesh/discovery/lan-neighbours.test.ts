import { expect, test } from 'vitest'
import {
  lanDialGraceMs,
  lanNeighbourMs,
  lanNeighboursPerMinute,
  lanNeighboursPerMinuteAddress,
  maxLanNeighbours,
} from '../../../node/core/limits.ts'
import { type PeerId, peerIdOf } from '../../../node/core/peer-id.ts'
import { LanNeighbours } from '../../../node/mesh/discovery/lan-neighbours.ts'

const peers = Array.from({ length: 12_000 }, (_, i) =>
  peerIdOf(new Uint8Array(32).map((_, j) => (i >> (8 * j)) & 255)),
)
const [low, high] = [...peers.slice(0, 2)].sort() as [PeerId, PeerId]

function aPlace(own: PeerId, listens = true) {
  const time = { ms: 0 }
  const place = new LanNeighbours({ peer: own, listens: () => listens }, () => time.ms)
  const ids = () => place.targets().map(({ peer }) => peer)
  return { place, time, ids }
}

test('the lower id dials at once, the higher one only when that has not helped', () => {
  const lower = aPlace(low)
  lower.place.hear(high, '192.0.2.2', 7373)
  expect(lower.ids()).toEqual([high])
  const higher = aPlace(high)
  higher.place.hear(low, '192.0.2.1', 7373)
  expect(higher.ids()).toEqual([])
  higher.time.ms += lanDialGraceMs
  expect(higher.ids()).toEqual([low])
})

test('who cannot be dialled dials, whatever the ids', () => {
  const { place, ids } = aPlace(high, false)
  place.hear(low, '192.0.2.1', 7373)
  expect(ids()).toEqual([low])
})

test('dials where the packet came from, with the id that has to answer', () => {
  const { place } = aPlace(low)
  place.hear(high, '192.0.2.2', 7373)
  expect(place.targets()[0]?.addresses.map(String)).toEqual([`/ip4/192.0.2.2/tcp/7373/p2p/${high}`])
})

test('somebody who is heard again is nobody new; oneself is nobody', () => {
  const { place } = aPlace(low)
  expect(place.hear(high, '192.0.2.2', 7373)).toBe(true)
  expect(place.hear(high, '192.0.2.2', 7373)).toBe(false)
  expect(place.hear(low, '192.0.2.1', 7373)).toBe(false)
})

test('a flood brings few new names a minute, and never more than there is room for', () => {
  const { place, time, ids } = aPlace(low, false)
  let taken = 0
  for (const [i, peer] of peers.entries()) if (place.hear(peer, `192.0.${i >> 8}.${i & 255}`, 7373)) taken++
  expect(taken).toBe(maxLanNeighbours)
  for (let minute = 0; minute < 5; minute++) {
    time.ms += 60_000
    for (const [i, peer] of peers.entries()) place.hear(peer, `192.0.${i >> 8}.${i & 255}`, 7373)
  }
  expect(ids()).toHaveLength(maxLanNeighbours)
})

test('one address can name only a few, so that it leaves room for others', () => {
  const { place, ids } = aPlace(low, false)
  for (const peer of peers) place.hear(peer, '192.0.2.66', 7373)
  expect(ids()).toHaveLength(lanNeighboursPerMinuteAddress)
  const other = peers.at(-1) as PeerId
  expect(place.hear(other, '192.0.2.2', 7373)).toBe(true)
})

test('one id that is sent round the network is followed a few times a minute only', () => {
  const { place } = aPlace(low, false)
  const moves = peers.filter((_, i) => place.hear(high, `10.0.${i >> 8}.${i & 255}`, 7373)).length
  expect(moves).toBe(lanNeighboursPerMinute)
})

test('who does not answer makes room, and who is not heard any more is forgotten', () => {
  const { place, time, ids } = aPlace(low)
  place.hear(high, '192.0.2.2', 7373)
  place.forget(high)
  expect(ids()).toEqual([])
  place.hear(high, '192.0.2.2', 7373)
  time.ms += lanNeighbourMs + 1
  expect(ids()).toEqual([])
})
