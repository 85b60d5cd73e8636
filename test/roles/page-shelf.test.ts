import { beforeEach, expect, test } from 'vitest'
import type { Clock, Instant } from '../../node/core/clock.ts'
import { utf8 } from '../../node/core/encoding.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { openPageShelf, type PageShelf } from '../../node/roles/page-shelf.ts'
import * as keys from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Store } from '../../node/store/store.ts'
import { systemClock } from '../../node/system/system-clock.ts'

const peer = peerIdOf(new Uint8Array(32).fill(1))
const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(52)) as [string, string, string]
const announced = { pages: 3, sha256: 'x'.repeat(52) }
const page = (n: number) => new Uint8Array(1000).fill(n + 1)

let store: Store
let shelf: PageShelf
let now = 0
const clock: Clock = { ...systemClock, now: () => ++now as Instant }

beforeEach(async () => {
  store = createMemoryStore()
  shelf = await openPageShelf(store, clock, 7000)
})

async function fill(actionId: string): Promise<void> {
  for (const n of [0, 1, 2]) await shelf.put(actionId, peer, announced, n, page(n))
}
const held = async () => {
  const found: string[] = []
  for await (const key of store.keys(keys.fetchedPageRange())) found.push(key)
  return found.length
}

test('pages are kept across a restart, and what is missing is known', async () => {
  await shelf.put(first, peer, announced, 1, page(1))
  shelf = await openPageShelf(store, clock)
  expect(await shelf.missing(first, peer, announced)).toEqual([0, 2])
  expect(await shelf.get(first, peer, 1)).toEqual(page(1))
  expect(await shelf.all(first, peer)).toBeUndefined()
  await fill(first)
  await shelf.checked(first, peer)
  shelf = await openPageShelf(store, clock)
  expect(shelf.isWhole(first, peer)).toBe(true)
  expect(await shelf.all(first, peer)).toEqual([page(0), page(1), page(2)])
})

test('what was not checked is not whole, and what was checked is not written over', async () => {
  await fill(first)
  expect(shelf.isWhole(first, peer)).toBe(false)
  await shelf.checked(first, peer)
  await shelf.put(first, peer, announced, 0, page(7))
  expect(await shelf.get(first, peer, 0)).toEqual(page(0))
})

test('pages kept for another digest are let go', async () => {
  await fill(first)
  const other = { ...announced, sha256: 'y'.repeat(52) }
  expect(await shelf.missing(first, peer, other)).toEqual([0, 1, 2])
  expect(await held()).toBe(0)
})

test('the oldest go when there are too many, those that were never checked before all', async () => {
  await fill(first)
  await shelf.checked(first, peer)
  await fill(second)
  await fill(third)
  expect(shelf.isWhole(first, peer)).toBe(true)
  expect(await shelf.all(second, peer)).toBeUndefined()
  expect(await shelf.all(third, peer)).toBeDefined()
  await shelf.checked(third, peer)
  await fill(second)
  expect(shelf.isWhole(first, peer)).toBe(false)
  expect(shelf.isWhole(third, peer)).toBe(true)
  expect(await held()).toBe(6)
})

test('junk drives out junk, and of what was checked no more than room for one result', async () => {
  for (const id of [first, second]) {
    await fill(id)
    await shelf.checked(id, peer)
  }
  for (const letter of ['c', 'd', 'e', 'f']) await fill(letter.repeat(52))
  expect(shelf.isWhole(second, peer)).toBe(true)
  expect(shelf.results().map(({ actionId }) => actionId)).toEqual([second, 'f'.repeat(52)])
})

test('with its action a result’s pages are forgotten', async () => {
  await fill(first)
  await fill(second)
  await shelf.keepOnly((id) => id === second)
  expect(shelf.results().map(({ actionId }) => actionId)).toEqual([second])
  expect(await held()).toBe(3)
})

test('a page without a record, and a record that cannot be read, go at the next start', async () => {
  await fill(first)
  await fill(second)
  await store.write([{ put: keys.fetchedPages(first, peer), value: utf8('{"v":1,"pages":900}') }], {
    sync: false,
  })
  shelf = await openPageShelf(store, clock)
  expect(shelf.results().map(({ actionId }) => actionId)).toEqual([second])
  expect(await held()).toBe(3)
  expect(await store.get(keys.fetchedPages(first, peer))).toBeUndefined()
})

test('nothing beyond the last page and nothing above the size of a page is kept', async () => {
  await shelf.put(first, peer, announced, 3, page(3))
  await shelf.put(first, peer, announced, 0, new Uint8Array(70_000))
  expect(await held()).toBe(0)
})
