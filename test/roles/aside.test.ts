import { describe, expect, it } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { maxAsidePeer, maxAsideResults } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { openAside } from '../../node/roles/aside.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import { createManualClock } from '../gate/manual-clock.ts'

const web1 = 'web1' as PeerId
const day = 86_400_000
const wire = (text: string) => new Uint8Array(Buffer.from(text))

async function anAside() {
  const clock = createManualClock(Date.UTC(2026, 10, 24) as Instant)
  const store = createMemoryStore()
  return { clock, store, aside: await openAside(store, clock) }
}

describe('results that are kept apart', () => {
  it('come back with their action, once, also after a restart', async () => {
    const { clock, store, aside } = await anAside()
    await aside.keepOrphan('a', web1, wire('first'))
    await aside.keepOrphan('a', web1, wire('last'))
    await aside.keepOrphan('b', web1, wire('of another'))
    const again = await openAside(store, clock)
    expect(again.counts()).toEqual({ orphans: 2, contradictions: 0 })
    expect(await again.takeOrphans('a')).toEqual([wire('last')])
    expect(await again.takeOrphans('a')).toEqual([])
    expect((await openAside(store, clock)).counts().orphans).toBe(1)
  })

  it('are so many of an agent and so many in all; the oldest go', async () => {
    const { aside } = await anAside()
    for (let n = 0; n <= maxAsidePeer; n++) await aside.keepOrphan(`a${n}`, web1, wire(`${n}`))
    expect(await aside.takeOrphans('a0')).toEqual([])
    expect(await aside.takeOrphans('a1')).toEqual([wire('1')])
    for (let n = 0; n < maxAsideResults; n++) await aside.keepOrphan('b', `peer${n}` as PeerId, wire('x'))
    expect(aside.counts().orphans).toBe(maxAsideResults)
    expect(await aside.takeOrphans('a2')).toEqual([])
    expect(await aside.takeOrphans('b')).toHaveLength(maxAsideResults)
  })

  it('go when no action can come for them any more', async () => {
    const { clock, aside } = await anAside()
    await aside.keepOrphan('old', web1, wire('x'))
    clock.advance(7 * day)
    await aside.keepOrphan('a', 'web2' as PeerId, wire('x'))
    expect(aside.counts().orphans).toBe(2)
    clock.advance(1000)
    await aside.keepOrphan('b', 'web2' as PeerId, wire('x'))
    expect(aside.counts().orphans).toBe(2)
    expect(await aside.takeOrphans('old')).toEqual([])
  })
})

describe('a second, different outcome', () => {
  it('is remembered by agent until the action is over, also after a restart; the first of several is the proof', async () => {
    const { clock, store, aside } = await anAside()
    await aside.keepContradiction('a', web1, wire('second'))
    await aside.keepContradiction('a', web1, wire('third'))
    const again = await openAside(store, clock)
    expect([...again.contradicting('a')]).toEqual([web1])
    expect([...again.contradicting('b')]).toEqual([])
    expect(await store.get('contradiction/a/web1')).toEqual(wire('second'))
    await again.forget('a')
    expect([...again.contradicting('a')]).toEqual([])
    expect((await openAside(store, clock)).counts().contradictions).toBe(0)
  })
})
