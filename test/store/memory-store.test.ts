import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import { collect } from './collect.ts'

const value = (text: string) => new TextEncoder().encode(text)

describe('createMemoryStore', () => {
  it('writes nothing of a batch that the fault hook refuses', async () => {
    let isFull = false
    const store = createMemoryStore({
      beforeWrite: () => {
        if (isFull) throw new Error('full')
      },
    })
    await store.write([{ put: 'a', value: value('1') }], { sync: true })
    isFull = true
    await expect(
      store.write([{ delete: 'a' }, { put: 'b', value: value('2') }], { sync: true }),
    ).rejects.toThrow('full')
    expect(await collect(store.keys({ from: '', to: '~' }))).toEqual(['a'])
  })

  it('keeps its own copy of a value', async () => {
    const store = createMemoryStore()
    const bytes = value('1')
    await store.write([{ put: 'a', value: bytes }], { sync: false })
    bytes.fill(0)
    const got = await store.get('a')
    got?.fill(0)
    expect(await store.get('a')).toEqual(value('1'))
  })
})
