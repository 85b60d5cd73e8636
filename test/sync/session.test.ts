import { describe, expect, it } from 'vitest'
import { maxSendMs, maxWantedMarks } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { createClaims } from '../../node/sync/claims.ts'
import { type Item, itemKinds, itemMark } from '../../node/sync/item.ts'
import { aNode, meet, peers } from './sync-kit.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('a session', () => {
  it('leaves both sides with everything, each difference having crossed once', async () => {
    const [a, b] = [aNode('relay'), aNode('investigator')]
    for (let i = 0; i < 500; i++) {
      a.put('result', `result ${i}`)
      if (i % 5 !== 0) b.put('result', `result ${i}`)
    }
    for (const text of ['one', 'two']) b.put('action', text)
    const { reports } = await meet(a, b)
    expect(reports.map(({ received, sent, more }) => ({ received, sent, more }))).toEqual([
      { received: 2, sent: 100, more: false },
      { received: 100, sent: 2, more: false },
    ])
    expect(b.texts('result')).toEqual(a.texts('result'))
    expect(a.texts('action')).toEqual(['one', 'two'])
    expect(b.entered).toHaveLength(100)
  })

  it('is one small message each way where nothing differs, however much is held', async () => {
    const [a, b] = [aNode('relay'), aNode('investigator')]
    for (const node of [a, b]) for (let i = 0; i < 5000; i++) node.put('result', `result ${i}`)
    const { sizes, reports } = await meet(a, b)
    expect(sizes.map((own) => own.length)).toEqual([1, 1])
    expect(Math.max(...sizes.flat())).toBeLessThan(700)
    expect(reports[0]).toEqual({ received: 0, sent: 0, more: false, elsewhere: false, isWhole: true })
  })

  it('brings what little differs after the hellos at once, where sets are small', async () => {
    const [a, b] = [aNode('relay'), aNode('relay')]
    b.put('action', 'one')
    const { sizes, reports } = await meet(a, b)
    expect(reports[0].received).toBe(1)
    // Hello, want, items, end of items; nobody took a turn.
    expect(sizes.map((own) => own.length)).toEqual([3, 4])
  })

  it('brings items in the order in which they are judged, and no kind before the one before it is in', async () => {
    const log: string[] = []
    const b = aNode('relay', {
      async enter({ kind }) {
        log.push(`${kind} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        log.push(`${kind} is in`)
        return true
      },
    })
    const a = aNode('relay')
    for (const kind of [...itemKinds].reverse()) a.put(kind, 'x')
    await meet(b, a)
    expect(log).toEqual(itemKinds.flatMap((kind) => [`${kind} begins`, `${kind} is in`]))
  })

  it('of many items is followed by others, for as long as each says that there is more', async () => {
    const [a, b] = [aNode('investigator'), aNode('relay')]
    for (let i = 0; i < 2 * maxWantedMarks + 1; i++) b.put('result', `${i}`)
    for (const [received, more] of [
      [maxWantedMarks, true],
      [maxWantedMarks, true],
      [1, false],
    ] as const) {
      const { reports } = await meet(a, b)
      expect(reports[0]).toMatchObject({ received, more })
    }
    expect(a.texts('result')).toEqual(b.texts('result'))
  }, 60_000)

  it('shows an agent nothing of what only collectors keep, and gives none of it on demand', async () => {
    const relay = aNode('relay')
    const mark = relay.put('result', 'of another')
    relay.put('heartbeat', 'of another')
    const agent = aNode('agent', {
      claim: (marks) => ({ marks: [...marks, mark], isPart: false, release: () => undefined }),
    })
    relay.put('action', 'a question')
    await meet(agent, relay)
    expect(agent.entered.map(({ kind }) => kind)).toEqual(['action'])
  })

  it('takes an agent’s own answers where they are new', async () => {
    const relay = aNode('relay')
    relay.put('result', 'known')
    const own: Item[] = ['known', 'new'].map((text) => ({ kind: 'result', bytes: bytes(text) }))
    const marks = ['known', 'new'].map((text) => itemMark('result', text, ''))
    const agent = aNode('agent', {
      offers: async () => new Map([['result', marks]]),
      read: async (_kind, wanted) => own.filter((_, i) => wanted.includes(marks[i] as (typeof marks)[0])),
    })
    for (const first of [true, false]) {
      const { reports } = await (first ? meet(agent, relay) : meet(relay, agent))
      expect(reports.map(({ received }) => received).sort()).toEqual(first ? [0, 1] : [0, 0])
    }
    expect(relay.texts('result')).toEqual(['known', 'new'])
  })

  it('gives greetings before all else and receipts after it, also where nothing differs', async () => {
    const receipt: Item = { kind: 'receipt', bytes: bytes('receipt') }
    const greeting: Item = { kind: 'heartbeat', bytes: bytes('later heartbeat') }
    const relay = aNode('relay', { receiptsFor: async () => [receipt], greet: async () => [greeting] })
    relay.put('action', 'a question')
    for (const opens of [true, false]) {
      const agent = aNode('agent')
      await (opens ? meet(agent, relay) : meet(relay, agent))
      expect(agent.entered.map(({ kind }) => kind)).toEqual(['heartbeat', 'action', 'receipt'])
    }
  })
})

describe('a session on a slow line', () => {
  const large = (name: string) => ({ kind: 'result', bytes: bytes(name.padEnd(60_000)) }) as const
  const carried = Array.from({ length: 64 }, (_, i) => large(`carried ${i}`))

  /** An agent to which every look at the clock shows `stepMs` more. */
  function aSlow(stepMs: number) {
    let nowMs = 0
    const monotonicMs = () => {
      nowMs += stepMs
      return nowMs
    }
    return aNode('agent', { monotonicMs, handOver: async () => carried })
  }

  it('stops between two frames of what is handed over, ends well and says that it was not all', async () => {
    const other = aNode('agent')
    const { reports } = await meet(aSlow(maxSendMs / 3), other)
    expect(reports[0]).toMatchObject({ isWhole: false })
    expect(reports[0].sent).toBe(other.entered.length)
    expect(other.entered.length).toBeGreaterThan(0)
    expect(other.entered.length).toBeLessThan(carried.length)
  })

  it('says that it was all where there is time for it', async () => {
    const { reports } = await meet(aSlow(1), aNode('agent'))
    expect(reports[0]).toMatchObject({ sent: carried.length, isWhole: true })
  })
})

describe('what is asked of one neighbour', () => {
  const [a, b, c] = peers as [PeerId, PeerId, PeerId]
  const marks = ['one', 'two', 'three'].map((text) => itemMark('result', text, ''))

  it('is not asked of another meanwhile, and is again when it has not come', () => {
    const claims = createClaims()
    const first = claims.claim(marks.slice(0, 2), a, 0)
    expect(first).toMatchObject({ marks: marks.slice(0, 2), isPart: false })
    expect(claims.claim(marks, b, 1)).toMatchObject({ marks: marks.slice(2), isPart: true })
    first.release(true)
    expect(claims.claim(marks, c, 2)).toMatchObject({ marks: marks.slice(0, 2), isPart: true })
  })

  it('is asked of another when it takes too long', () => {
    const claims = createClaims()
    claims.claim(marks, a, 0)
    expect(claims.claim(marks, b, 5999).marks).toEqual([])
    expect(claims.claim(marks, c, 6000).marks).toEqual(marks)
  })

  it('keeps nobody else from being asked where a neighbour has failed before', () => {
    const claims = createClaims()
    claims.claim(marks, a, 0).release(false)
    claims.claim(marks, a, 1)
    const honest = claims.claim(marks, b, 2)
    expect(honest.marks).toEqual(marks)
    expect(claims.claim(marks, a, 3).marks).toEqual([])
  })
})
