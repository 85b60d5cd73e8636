import { expect, test } from 'vitest'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { relayChoice } from '../../node/core/relay-choice.ts'

const [web, mail, hub] = [1, 2, 3].map((n) => peerIdOf(new Uint8Array(32).fill(n))) as [never, never, never]
const paris = { site: 'paris' }
const relays = [{ peer: web, tags: paris }, { peer: mail, tags: { ...paris, floor: '2' } }, { peer: hub }]

test('a member reserves at those chosen for its tags, and at those chosen for everybody', () => {
  const choice = relayChoice(relays, {
    peer: peerIdOf(new Uint8Array(32).fill(9)),
    tags: { ...paris, os: 'linux' },
  })
  expect(choice.isChosen).toBe(false)
  expect(choice.own).toEqual(new Set([web, hub]))
  expect(choice.others).toEqual(new Set([mail]))
})

test('the chosen one relays for members that carry all the tags of one of its entries', () => {
  const chosen = relayChoice(relays, { peer: mail, tags: paris })
  expect(chosen.isChosen).toBe(true)
  expect(chosen.serves({ site: 'paris', floor: '2', os: 'linux' })).toBe(true)
  expect(chosen.serves(paris)).toBe(false)
  expect(chosen.serves({ floor: '2' })).toBe(false)
  // It does not reserve at itself.
  expect(chosen.own).toEqual(new Set([web, hub]))
})

test('an entry without tags is for members without tags, too', () => {
  expect(relayChoice(relays, { peer: hub, tags: {} }).serves({})).toBe(true)
  expect(relayChoice([], { peer: hub, tags: {} })).toMatchObject({ isChosen: false, own: new Set() })
})

test('a tag that every object seems to have is no tag', () => {
  const odd = relayChoice([{ peer: web, tags: { constructor: 'x' } }], { peer: web, tags: {} })
  expect(odd.serves({})).toBe(false)
})
