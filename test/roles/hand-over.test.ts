import { describe, expect, it } from 'vitest'
import {
  maxAwaited,
  maxCarriers,
  maxHandOverBytes,
  maxHops,
  nextCarrierAfterMs,
  syncDeadlineMs,
} from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { Member } from '../../node/mesh/mesh.ts'
import { createHandOver, type Freight } from '../../node/roles/hand-over.ts'
import { createWays } from '../../node/roles/ways.ts'
import { createManualClock } from '../gate/manual-clock.ts'
import { now } from '../verification/pgp/pgp-kit.ts'

const peer = (name: string) => name as PeerId
const aMember = (name: string, role: Member['role'] = 'agent', connectedAtMs = 1): Member => ({
  peer: peer(name),
  role,
  connectedAtMs,
  address: '',
  direction: 'inbound',
  relayed: false,
})

/** A node with these neighbours, which have said how far they are from a collector. */
function aNode(...hops: readonly (readonly [string, number])[]) {
  const members = hops.map(([name]) => aMember(name))
  const clock = createManualClock(now)
  const ways = createWays(() => members)
  for (const [name, far] of hops) ways.heard(peer(name), far)
  const handOver = createHandOver({ ways, members: () => members, clock })
  const give = async (
    freight: readonly Freight[],
    to: string,
    awaits: { actionid: string; peerid: PeerId }[] = [],
  ) => {
    const items = await handOver.pick(freight, peer(to), { hops: ways.hopsOf(peer(to)), awaits })
    handOver.confirmed(peer(to))
    return items.length
  }
  return { members, clock, ways, handOver, give }
}

function freight(mark: string, from?: string, sizeBytes = 100): Freight {
  return {
    mark,
    from: from === undefined ? undefined : peer(from),
    answer: { actionid: mark, peerid: peer(from ?? 'self') },
    load: async () => ({ kind: 'result', bytes: new Uint8Array(sizeBytes) }),
  }
}

describe('ways to a collector', () => {
  it('are as long as the shortest that a neighbour tells of, and do not lead back through whom they are told to', () => {
    const { ways } = aNode(['near', 1], ['far', 4])
    expect(ways.hopsFor(undefined)).toBe(2)
    expect(ways.hopsFor(peer('near'))).toBe(5)
    expect(ways.hopsFor(peer('far'))).toBe(2)
  })

  it('are one link long beside a collector, and unknown without anybody', () => {
    const ways = createWays(() => [aMember('relay', 'relay'), aMember('a')])
    expect(ways.hopsFor(peer('a'))).toBe(1)
    expect(createWays(() => []).hopsFor(undefined)).toBe(maxHops)
  })

  it('are forgotten with the link over which they were told', () => {
    const members = [aMember('near', 'agent', 1)]
    const ways = createWays(() => members)
    ways.heard(peer('near'), 1)
    expect(ways.hopsFor(undefined)).toBe(2)
    members[0] = aMember('near', 'agent', 2)
    expect(ways.hopsFor(undefined)).toBe(maxHops)
  })

  it('do not count to infinity when the only one is gone', () => {
    // a – b – c in a ring, and c's way is gone: each believes the others for a while.
    const names = ['a', 'b', 'c']
    const nodes = new Map(
      names.map((name) => [name, createWays(() => names.filter((n) => n !== name).map((n) => aMember(n)))]),
    )
    nodes.get('a')?.heard(peer('c'), 1)
    nodes.get('b')?.heard(peer('c'), 1)
    let exchanges = 0
    for (; exchanges < 50; exchanges++) {
      for (const [name, ways] of nodes)
        for (const [other, theirs] of nodes)
          if (name !== other) theirs.heard(peer(name), ways.hopsFor(peer(other)))
      if ([...nodes.values()].every((ways) => ways.hopsFor(undefined) === maxHops)) break
    }
    expect(exchanges).toBeLessThanOrEqual(maxHops)
  })
})

describe('handing over', () => {
  it('gives to the nearest, and to nobody else while it is young', async () => {
    const { give } = aNode(['near', 1], ['far', 2])
    expect(await give([freight('x')], 'far')).toBe(0)
    expect(await give([freight('x')], 'near')).toBe(1)
    expect(await give([freight('x')], 'near')).toBe(0)
    expect(await give([freight('x')], 'far')).toBe(0)
  })

  it('gives to a second when no receipt has come in time, to a third long after, and to no more', async () => {
    const { clock, give } = aNode(['a', 1], ['b', 1], ['c', 1], ['d', 1])
    const given: string[] = []
    for (const waitMs of [0, nextCarrierAfterMs, 10 * nextCarrierAfterMs, 1000 * nextCarrierAfterMs]) {
      clock.advance(waitMs)
      for (const to of ['a', 'b', 'c', 'd']) {
        // A carrier names what it holds.
        const awaits = given.includes(to) ? [{ actionid: 'x', peerid: peer('self') }] : []
        if ((await give([freight('x')], to, awaits)) > 0) given.push(to)
      }
    }
    expect(given).toEqual(['a', 'b', 'c'])
    expect(given).toHaveLength(maxCarriers)
  })

  it('gives again to a carrier that does not name it as held, once the session is over: it has never got it', async () => {
    const { clock, handOver, give } = aNode(['a', 1], ['b', 1])
    const to = peer('a')
    // One session picks it and breaks; another of the same two ends well meanwhile.
    expect(await handOver.pick([freight('x')], to, { hops: 1, awaits: [] })).toHaveLength(1)
    handOver.confirmed(to)
    expect(await give([freight('x')], 'a')).toBe(0)
    clock.advance(syncDeadlineMs - 1)
    expect(await give([freight('x')], 'a')).toBe(0)
    const names = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ actionid: `other${n}`, peerid: peer('self') }))
    clock.advance(1)
    // A list that is full may have left it out.
    expect(await give([freight('x')], 'a', names(maxAwaited))).toBe(0)
    expect(await give([freight('x')], 'a', names(1))).toBe(1)
    clock.advance(syncDeadlineMs)
    expect(await give([freight('x')], 'a', [{ actionid: 'x', peerid: peer('self') }])).toBe(0)
    expect(handOver.holders('x', peer('self'))).toEqual([to])
  })

  it('gives to another when the carrier has left', async () => {
    const { members, give } = aNode(['a', 1], ['b', 1])
    expect(await give([freight('x')], 'a')).toBe(1)
    members.shift()
    expect(await give([freight('x')], 'b')).toBe(1)
  })

  it('gives nothing back to where it came from, nor what the other holds', async () => {
    const { give } = aNode(['a', 1])
    expect(await give([freight('x', 'a')], 'a')).toBe(0)
    expect(await give([freight('y')], 'a', [{ actionid: 'y', peerid: peer('self') }])).toBe(0)
  })

  it('leaves only its own with neighbours that know no way', async () => {
    const { give } = aNode(['a', maxHops], ['b', maxHops])
    expect(await give([freight('x'), freight('y', 'c')], 'a')).toBe(1)
    expect(await give([freight('x'), freight('y', 'c')], 'b')).toBe(0)
  })

  it('does not count what a session that failed was to bring', async () => {
    const { handOver, clock, give } = aNode(['a', 1], ['b', 1])
    expect(await handOver.pick([freight('x')], peer('a'), { hops: 1, awaits: [] })).toHaveLength(1)
    // While it lasts nobody else gets it …
    expect(await give([freight('x')], 'b')).toBe(0)
    clock.advance(10 * 60_000)
    // … after its time somebody does.
    expect(await give([freight('x')], 'b')).toBe(1)
  })

  it('gives no more in one session than its bound, and the rest with the next', async () => {
    const { give } = aNode(['a', 1])
    const third = Math.ceil(maxHandOverBytes / 3)
    const all = ['x', 'y', 'z'].map((mark) => freight(mark, undefined, third))
    expect(await give(all, 'a')).toBe(2)
    expect(await give(all, 'a')).toBe(1)
  })

  it('knows who holds an answer, or may soon', async () => {
    const { handOver, clock, give } = aNode(['a', 1], ['b', 1], ['c', 1])
    await give([freight('x', 'web1')], 'a')
    clock.advance(nextCarrierAfterMs)
    await give([freight('x', 'web1')], 'b')
    await handOver.pick([freight('y', 'web1')], peer('c'), { hops: 1, awaits: [] })
    expect(handOver.holders('x', peer('web1'))).toEqual(['a', 'b'])
    expect(handOver.holders('x', peer('self'))).toEqual([])
    expect(handOver.holders('y', peer('web1'))).toEqual(['c'])
  })
})
