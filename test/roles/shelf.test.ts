import { describe, expect, it } from 'vitest'
import { openShelf, type ShelfEntry } from '../../node/roles/shelf.ts'
import * as keys from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Change, Store } from '../../node/store/store.ts'
import type { ItemKind } from '../../node/sync/item.ts'

const aResult = (n: number, version = 'v'): ShelfEntry => ({
  kind: 'result',
  key: keys.result(`action${n % 3}`, `peer${n}`),
  version,
  bytes: Uint8Array.of(n, ...new TextEncoder().encode(version)),
})
const unsynced = { sync: false }

/** Counts what is read of items, not of marks. */
function counting(store: Store): Store & { reads: number } {
  const counted = {
    ...store,
    reads: 0,
    async *entries(range: Parameters<Store['entries']>[0]) {
      for await (const entry of store.entries(range)) {
        if (!entry[0].startsWith('mark/')) counted.reads++
        yield entry
      }
    },
  }
  return counted
}

describe('a shelf', () => {
  it('knows after a restart what it held, without reading the items', async () => {
    const store = createMemoryStore()
    const before = await openShelf(store)
    for (let n = 0; n < 100; n++) await before.put(aResult(n), unsynced)
    await before.remove('result', [aResult(7).key])
    const counted = counting(store)
    const after = await openShelf(counted)
    expect(counted.reads).toBe(0)
    expect(after.set('result').count('')).toBe(99)
    expect(after.set('result').fingerprint('')).toBe(before.set('result').fingerprint(''))
    expect([...after.keys('result')].sort()).toEqual([...before.keys('result')].sort())
    expect(after.keys('result', 'action1')).toHaveLength(32)
    const mark = after.markOf('result', aResult(1).key)
    expect(mark).toBe(before.markOf('result', aResult(1).key))
  })

  it('makes the marks of a store that has none, and of one that was repaired', async () => {
    const store = createMemoryStore()
    const before = await openShelf(store)
    for (let n = 0; n < 20; n++) await before.put(aResult(n), unsynced)
    const whole = before.set('result').fingerprint('')
    const changes: Change[] = [{ delete: keys.meta('marks') }]
    for await (const key of store.keys(keys.markRange())) changes.push({ delete: key })
    await store.write(changes, unsynced)
    expect((await openShelf(store)).set('result').fingerprint('')).toBe(whole)
    // What a repair has lost must be missing in sessions, too, or nobody would bring it again.
    await store.write([{ delete: aResult(3).key }], unsynced)
    const repaired = await openShelf({ ...store, opening: { wasRepaired: true } })
    expect(repaired.set('result').count('')).toBe(19)
    expect(await repaired.get('result', aResult(3).key)).toBeUndefined()
  })

  it('has one mark for each key: a newer version takes the place of the older, here and on the disk', async () => {
    const store = createMemoryStore()
    const shelf = await openShelf(store)
    // All at once: each finds the one before it still being written.
    await Promise.all(['1', '2', '3'].map((version) => shelf.put(aResult(1, version), unsynced)))
    const mark = shelf.markOf('result', aResult(1).key)
    expect([...shelf.set('result').under('')]).toEqual([mark])
    expect((await shelf.get('result', aResult(1).key))?.version).toBe('3')
    expect([...(await openShelf(store)).set('result').under('')]).toEqual([mark])
  })

  it('reads what marks stand for, in the order of the disk, and not what was replaced since', async () => {
    const shelf = await openShelf(createMemoryStore())
    for (let n = 0; n < 9; n++) await shelf.put(aResult(n), unsynced)
    const marks = [...shelf.set('result').under('')]
    await shelf.put(aResult(4, 'newer'), unsynced)
    await shelf.remove('result', [aResult(5).key])
    const items = await shelf.read('result', marks)
    expect(items.map(({ bytes }) => bytes[0])).toEqual([0, 3, 6, 1, 7, 2, 8])
  })

  it('tells only what is on the disk: what is being written is waited for, and what fails is not there', async () => {
    const memory = createMemoryStore()
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let fails = false
    const shelf = await openShelf({
      ...memory,
      async write(changes, options) {
        if (changes.some((change) => 'put' in change && change.put === aResult(1).key)) {
          await held
          if (fails) throw new Error('disk full')
        }
        await memory.write(changes, options)
      },
    })
    fails = true
    const failing = shelf.put(aResult(1), unsynced).catch((error: Error) => error.message)
    const got = shelf.get('result', aResult(1).key)
    release()
    expect(await failing).toBe('disk full')
    expect(await got).toBeUndefined()
    expect(shelf.set('result').count('')).toBe(0)
  })

  it('keeps agents’ certificates out of what is compared, and moves one that has come into the wrong set', async () => {
    const shelf = await openShelf(createMemoryStore())
    const entry = {
      kind: 'certificate' as ItemKind,
      key: keys.certificate('p'),
      version: '1',
      bytes: Uint8Array.of(1),
    }
    await shelf.put(entry, unsynced)
    expect(shelf.set('certificate').count('')).toBe(1)
    await shelf.put({ ...entry, set: 'agent-certificate' }, unsynced)
    expect(shelf.set('certificate').count('')).toBe(0)
    expect(shelf.set('agent-certificate').count('')).toBe(1)
    expect(shelf.keys('certificate')).toEqual([entry.key])
  })
})
