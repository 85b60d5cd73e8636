import { readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLevelStore } from '../../node/store/level-store.ts'
import { buildChild, startChild } from './child.ts'
import { collect } from './collect.ts'
import { scratchDirectory } from './scratch.ts'

const all = { from: '', to: '~' }
const value = (text: string) => new TextEncoder().encode(text)
const freshPath = () => join(scratchDirectory(), 'state', 'store')

describe('openLevelStore', () => {
  it('says that it made a store the first time only', async () => {
    const path = freshPath()
    const first = await openLevelStore(path)
    expect(first.opening).toEqual({
      wasCreated: true,
      wasLost: false,
      wasRepaired: false,
      quarantine: undefined,
    })
    await first.write([{ put: 'a', value: value('1') }], { sync: false })
    await first.close()
    const second = await openLevelStore(path)
    expect(second.opening).toEqual({
      wasCreated: false,
      wasLost: false,
      wasRepaired: false,
      quarantine: undefined,
    })
    expect(await second.get('a')).toEqual(value('1'))
    await second.close()
  })

  it('makes nothing where a store must exist', async () => {
    const root = scratchDirectory()
    await expect(openLevelStore(join(root, 'store'), { mustExist: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(openLevelStore(join(root, 'no', 'store'), { mustExist: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    expect(readdirSync(root)).toEqual([])
  })

  it('takes the changes of one write in their order', async () => {
    const store = await openLevelStore(freshPath())
    await store.write(
      [
        { put: 'a', value: value('1') },
        { delete: 'a' },
        { put: 'b', value: value('1') },
        { put: 'b', value: value('2') },
      ],
      { sync: true },
    )
    expect(await collect(store.entries(all))).toEqual([['b', value('2')]])
    await store.close()
  })

  it('applies writes that were not waited for in the order of the calls', async () => {
    const store = await openLevelStore(freshPath())
    const writes = Array.from({ length: 300 }, (_, n) =>
      store.write(
        [
          { put: 'last', value: value(String(n)) },
          { put: `n/${n}`, value: value('') },
        ],
        { sync: n % 50 === 0 },
      ),
    )
    await Promise.all(writes)
    expect(await store.get('last')).toEqual(value('299'))
    expect((await collect(store.keys({ from: 'n/', to: 'n0' }))).length).toBe(300)
    await store.close()
  })

  it('finishes the writes under way when it is closed, and refuses later calls', async () => {
    const path = freshPath()
    const store = await openLevelStore(path)
    const write = store.write([{ put: 'a', value: value('1') }], { sync: true })
    await Promise.all([store.close(), store.close()])
    await write
    await expect(store.write([{ put: 'b', value: value('1') }], { sync: true })).rejects.toMatchObject({
      code: 'internal',
    })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'internal' })
    await expect(collect(store.entries(all))).rejects.toMatchObject({ code: 'internal' })
    const again = await openLevelStore(path)
    expect(await again.get('a')).toEqual(value('1'))
    await again.close()
  })

  it('cannot be written below its own records nor show them', async () => {
    const store = await openLevelStore(freshPath())
    expect(await collect(store.keys({ from: '', to: '\x7f' }))).toEqual([])
    await expect(store.write([{ delete: '\x00identity' }], { sync: true })).rejects.toThrow(RangeError)
    await store.close()
  })
})

describe('one store, several openers', () => {
  it('refuses a second opening in one process, also through a link, and keeps the lock against other processes', async () => {
    const path = freshPath()
    const holder = await buildChild('holder')
    const store = await openLevelStore(path)
    const link = join(scratchDirectory(), 'link')
    symlinkSync(path, link)
    const attempts = await Promise.allSettled([
      openLevelStore(path),
      openLevelStore(`${path}/../store`),
      openLevelStore(link),
    ])
    for (const attempt of attempts)
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'state-in-use' } })
    expect(await startChild(holder, [path]).nextLine()).toBe('state-in-use')
    await store.close()
    const child = startChild(holder, [path])
    expect(await child.nextLine()).toBe('open')
    await child.kill()
  })

  it('lets one of two simultaneous openings through', async () => {
    const path = freshPath()
    const attempts = await Promise.allSettled([openLevelStore(path), openLevelStore(path)])
    expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const attempt of attempts) if (attempt.status === 'fulfilled') await attempt.value.close()
  })

  it('refuses a store that another process holds, and opens it when that one is dead', async () => {
    const path = freshPath()
    const child = startChild(await buildChild('holder'), [path])
    expect(await child.nextLine()).toBe('open')
    const refused = await openLevelStore(path).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'state-in-use',
      hint: expect.stringContaining('another mig process'),
    })
    expect(String(refused)).toContain(path)
    await child.kill()
    const store = await openLevelStore(path)
    expect(store.opening.wasLost).toBe(false)
    await store.close()
  })
})

describe('a store that vanished', () => {
  async function lostStore(): Promise<string> {
    const path = freshPath()
    const store = await openLevelStore(path)
    await store.write([{ put: 'a', value: value('1') }], { sync: true })
    await store.close()
    rmSync(path, { recursive: true })
    return path
  }

  it('is told at each opening until something was written to the disk', async () => {
    const path = await lostStore()
    for (const sync of [false, true]) {
      const store = await openLevelStore(path)
      expect(store.opening).toMatchObject({ wasCreated: false, wasLost: sync === false, wasRepaired: sync })
      await store.write([{ put: 'b', value: value('1') }], { sync })
      await store.close()
    }
    const settled = await openLevelStore(path)
    expect(settled.opening).toMatchObject({ wasCreated: false, wasLost: false, wasRepaired: false })
    await settled.close()
  })

  it('is not replaced by an empty one where it must exist', async () => {
    const path = await lostStore()
    await expect(openLevelStore(path, { mustExist: true })).rejects.toMatchObject({ code: 'store-damaged' })
  })

  it('is noticed when another store stands in its place', async () => {
    const path = await lostStore()
    const other = freshPath()
    await (await openLevelStore(other)).close()
    rmSync(path, { recursive: true, force: true })
    renameSync(other, path)
    const store = await openLevelStore(path)
    expect(store.opening).toMatchObject({ wasCreated: false, wasLost: true })
    await store.close()
  })
})
