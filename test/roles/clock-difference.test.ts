import { describe, expect, it } from 'vitest'
import type { Role } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { clockDiffersMs, clockLogGapMs, maxMetClocks } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import {
  cautiousMedian,
  clockMinutes,
  clockWords,
  createClockDifference,
} from '../../node/roles/clock-difference.ts'
import { createManualClock } from '../gate/manual-clock.ts'

const minute = 60_000
const start = Date.UTC(2026, 10, 24, 12) as Instant

/** A node whose neighbours are named by a letter for their role and a number: `r1`, `a2`. */
function aNode(...names: readonly string[]) {
  const clock = createManualClock(start)
  let linked = names
  const logged: { event: string; details: Record<string, unknown> }[] = []
  const memberOf = (name: string) => ({
    peer: name as PeerId,
    role: (name.startsWith('r') ? 'relay' : 'agent') as Role,
  })
  const clocks = createClockDifference({
    clock,
    members: () => linked.map(memberOf),
    log: (event, details) => logged.push({ event, details }),
  })
  /** How far the neighbour's clock is ahead of this node's. */
  const say = (name: string, aheadMs: number) =>
    clocks.heard((clock.now() + aheadMs) as Instant, memberOf(name))
  return {
    clock,
    clocks,
    logged,
    say,
    link(...now: readonly string[]) {
      linked = now
    },
  }
}

describe('the median that is cautious', () => {
  it('is the middle one of an odd number', () => {
    expect(cautiousMedian([9, -1, 5])).toBe(5)
    expect(cautiousMedian([-7])).toBe(-7)
  })

  it('of two middle ones is the one nearer to 0, and 0 where they differ in sign', () => {
    expect(cautiousMedian([4, 9])).toBe(4)
    expect(cautiousMedian([-4, -9])).toBe(-4)
    expect(cautiousMedian([-4, 9])).toBe(0)
    expect(cautiousMedian([0, 0, 1000, 1000])).toBe(0)
  })
})

describe('the difference to the neighbours', () => {
  it('is said once three of many have been heard, in the direction of this node', () => {
    const node = aNode('a1', 'a2', 'a3', 'r4', 'a5')
    node.say('a1', -10 * minute)
    node.say('r4', -11 * minute)
    expect(node.clocks.own()).toBeUndefined()
    node.say('a3', -9 * minute)
    expect(node.clocks.own()).toEqual({ aheadMs: 10 * minute, neighbours: 3 })
  })

  it('with fewer than three neighbours needs all of them, and a collector', () => {
    const agents = aNode('a1', 'a2')
    agents.say('a1', 10 * minute)
    agents.say('a2', 10 * minute)
    expect(agents.clocks.own()).toBeUndefined()
    const mixed = aNode('a1', 'r2')
    mixed.say('r2', 10 * minute)
    expect(mixed.clocks.own()).toBeUndefined()
    mixed.say('a1', 12 * minute)
    expect(mixed.clocks.own()).toEqual({ aheadMs: -10 * minute, neighbours: 2 })
    const nobody = aNode()
    expect(nobody.clocks.own()).toBeUndefined()
  })

  it('is not moved by liars who are fewer than the others, whatever they say', () => {
    for (const lie of [Date.UTC(9999, 11, 31), -start, 3 * minute]) {
      const node = aNode('a1', 'a2', 'r3', 'r4', 'a5')
      for (const [name, aheadMs] of Object.entries({ r3: 900, r4: -400, a1: lie, a5: 0, a2: lie }))
        node.say(name, aheadMs)
      expect(Math.abs(node.clocks.own()?.aheadMs ?? Number.NaN)).toBeLessThan(1000)
      expect(node.logged).toEqual([])
    }
  })

  it('forgets whoever is linked no more, and counts the last word of the others', () => {
    const node = aNode('r1', 'a2', 'a3')
    for (const name of ['r1', 'a2', 'a3']) node.say(name, 10 * minute)
    node.say('a2', 0)
    node.say('a3', 0)
    expect(node.clocks.own()).toEqual({ aheadMs: 0, neighbours: 3 })
    node.link('r1')
    expect(node.clocks.own()).toEqual({ aheadMs: -10 * minute, neighbours: 1 })
  })

  it('begins anew when this clock is set, and not when time passes', () => {
    const node = aNode('r1')
    node.say('r1', -10 * minute)
    node.clock.advance(5 * 3_600_000)
    expect(node.clocks.own()).toEqual({ aheadMs: 10 * minute, neighbours: 1 })
    node.clock.set((node.clock.now() - 10 * minute) as Instant)
    expect(node.clocks.own()).toBeUndefined()
    expect(node.clocks.differing().size).toBe(0)
    node.say('r1', 0)
    expect(node.clocks.own()).toEqual({ aheadMs: 0, neighbours: 1 })
  })
})

describe('the log', () => {
  it('is told beyond two minutes, not at two', () => {
    const node = aNode('r1')
    node.say('r1', clockDiffersMs)
    expect(node.logged).toEqual([])
    node.say('r1', clockDiffersMs + 1)
    expect(node.logged).toEqual([{ event: 'clock-differs', details: { aheadSeconds: -120, neighbours: 1 } }])
  })

  it('is told once an hour, however often a neighbour says it', () => {
    const node = aNode('r1')
    for (let i = 0; i < 50; i++) node.say('r1', -10 * minute)
    node.clock.advance(clockLogGapMs - 1)
    node.say('r1', -10 * minute)
    expect(node.logged).toHaveLength(1)
    node.clock.advance(1)
    node.say('r1', -10 * minute)
    expect(node.logged).toHaveLength(2)
  })
})

describe('members whose clock is wrong', () => {
  it('are named, also when they are linked no more', () => {
    const node = aNode('r1', 'r2', 'a3', 'a4')
    for (const name of ['r1', 'r2', 'a4']) node.say(name, 0)
    node.say('a3', 10 * minute)
    node.link('r1')
    expect([...node.clocks.differing()]).toEqual([['a3', 10 * minute]])
    node.say('a3', minute)
    expect(node.clocks.differing().size).toBe(0)
  })

  it('are not those who agree with one another when this node is the one that is wrong', () => {
    const node = aNode('r1', 'r2', 'a3', 'a4')
    for (const name of ['r1', 'r2', 'a3']) node.say(name, -10 * minute)
    node.say('a4', 0)
    expect([...node.clocks.differing()]).toEqual([['a4', 10 * minute]])
  })

  it(`are the last ${maxMetClocks} that were met`, () => {
    const node = aNode('r0')
    for (let i = 0; i <= maxMetClocks; i++) node.say(`a${i}`, 10 * minute)
    const differing = node.clocks.differing()
    expect(differing.size).toBe(maxMetClocks)
    expect(differing.has('a0' as PeerId)).toBe(false)
    expect(differing.has(`a${maxMetClocks}` as PeerId)).toBe(true)
  })
})

it('is shown in whole minutes, and as agreement within two', () => {
  expect([0, clockDiffersMs, -clockDiffersMs].map(clockMinutes)).toEqual([0, 0, 0])
  expect([clockDiffersMs + 1, -10.4 * minute].map(clockMinutes)).toEqual([2, -10])
  expect([10, -3, 180, -2880 * 200].map(clockWords)).toEqual([
    '10 min ahead',
    '3 min behind',
    '3 h ahead',
    '400 days behind',
  ])
})
