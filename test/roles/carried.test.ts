import { describe, expect, it } from 'vitest'
import { maxCarried, maxCarriedBytes, maxCarriedPeer } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { type Carried, type Load, openCarried } from '../../node/roles/carried.ts'
import { openShelf } from '../../node/roles/shelf.ts'
import * as keys from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'

let count = 0
const peer = (name: string) => `12D3KooW${name}` as PeerId
function aLoad(change: Partial<Load> = {}): Load {
  const of = change.peer ?? peer(`agent${count++}`)
  return {
    kind: 'result',
    key: keys.result(`a${count++}`, of),
    peer: of,
    from: peer('near'),
    sizeBytes: 7000,
    ...change,
  }
}

/** @returns how many were taken */
function fill(carried: Carried, make: () => Load, most = 3 * maxCarried): number {
  for (let taken = 0; taken < most; taken++) {
    const load = make()
    if (carried.refusal(load) !== undefined) return taken
    carried.took(load)
  }
  return most
}
const empty = async () => openCarried(await openShelf(createMemoryStore()))

describe('what an agent carries for others', () => {
  it('is of one neighbour half of all at most, and leaves room for the others', async () => {
    const carried = await empty()
    const flood = () => aLoad({ from: peer('flood'), sizeBytes: 100 })
    expect(fill(carried, flood)).toBe(maxCarried / 2)
    expect(fill(carried, () => aLoad({ from: peer('second'), sizeBytes: 100 }))).toBe(maxCarried / 4)
    expect(carried.refusal(aLoad({ from: peer('third') }))).toBeUndefined()
  })

  it('is bounded in bytes, shared in the same way', async () => {
    const carried = await empty()
    const taken = fill(carried, () => aLoad({ sizeBytes: 64 * 1024 }))
    expect(taken * 64 * 1024).toBe(maxCarriedBytes / 2)
    expect(carried.refusal(aLoad({ from: peer('other'), sizeBytes: 64 * 1024 }))).toBeUndefined()
  })

  it('is of one answering agent no more than its share, whoever hands it over', async () => {
    const carried = await empty()
    const talkative = peer('talkative')
    let n = 0
    const taken = fill(carried, () => aLoad({ peer: talkative, from: peer(`near${n++}`) }))
    expect(taken).toBe(maxCarriedPeer)
    expect(carried.refusal(aLoad({ from: peer('near1') }))).toBeUndefined()
  })

  it('has room again for what has gone, and says where that came from', async () => {
    const carried = await empty()
    const loads: Load[] = []
    fill(carried, () => {
      const load = aLoad({ sizeBytes: 100 })
      loads.push(load)
      return load
    })
    const [first] = loads as [Load]
    expect(carried.gone('result', first.key)).toBe(peer('near'))
    expect(carried.refusal(aLoad({ sizeBytes: 100 }))).toBeUndefined()
  })

  it('takes a newer status in the place of the older one', async () => {
    const carried = await empty()
    const status = aLoad({ kind: 'status', peer: peer('busy'), key: keys.status('a', peer('busy')) })
    for (let n = 0; n < 3 * maxCarriedPeer; n++) {
      expect(carried.refusal(status)).toBeUndefined()
      carried.took(status)
    }
  })

  it('counts what was there before a restart', async () => {
    const shelf = await openShelf(createMemoryStore())
    const of = peer('before')
    for (let n = 0; n < maxCarriedPeer; n++)
      await shelf.put(
        { kind: 'result', key: keys.result(`b${n}`, of), version: 'v', bytes: new Uint8Array(10) },
        { sync: false },
      )
    const carried = await openCarried(shelf)
    expect(carried.refusal(aLoad({ peer: of }))).toMatch(/no more answers of/)
    expect(carried.refusal(aLoad())).toBeUndefined()
  })
})
