import { expect, test } from 'vitest'
import type { Clock, Instant } from '../../node/core/clock.ts'
import { dialLimitMs, maxAddressBook, maxDialsAtOnce, maxDialsAtOnceAlone } from '../../node/core/limits.ts'
import { type PeerId, peerIdOf } from '../../node/core/peer-id.ts'
import type { DialTarget } from '../../node/mesh/addresses.ts'
import { Supervisor, type SupervisorPorts } from '../../node/mesh/supervisor.ts'
import { createManualClock } from '../gate/manual-clock.ts'

/** A supervisor over an imagined network; time is moved by hand, so hours take a moment. */
function imagine(settings: {
  readonly bootstrap?: readonly PeerId[]
  readonly known: readonly PeerId[]
  readonly lives: (peer: PeerId) => boolean
  readonly minLinks?: number
}) {
  const clock = createManualClock(0 as Instant)
  const members = new Set<PeerId>()
  const dials: PeerId[] = []
  let running = 0
  let mostAtOnce = 0
  const target = (peer: PeerId): DialTarget => ({ peer, addresses: [] })
  const wait: Clock['after'] = clock.after
  const links: SupervisorPorts['links'] = {
    members: () => [...members].map((peer) => ({ peer })),
    memberCount: () => members.size,
    isMember: (peer) => members.has(peer),
    isDirect: (peer) => members.has(peer),
    isGraylisted: () => false,
    canGossip: () => true,
    repairGossip: () => {},
    expel: (peer) => members.delete(peer),
    bootstrap: () => (settings.bootstrap ?? []).map(target),
    acquaintances: () => settings.known.map(target),
    neighbours: () => [],
    knownRelays: () => [],
    lacksRelays: () => false,
    look: () => {},
    async dial({ peer }) {
      dials.push(peer)
      mostAtOnce = Math.max(mostAtOnce, ++running)
      const lives = settings.lives(peer)
      // Nobody refuses: packets into nowhere are the slow case.
      await new Promise<void>((resolve) => wait(lives ? 20 : dialLimitMs, resolve))
      running--
      if (!lives) return { kind: 'failed', reason: 'no answer' }
      members.add(peer)
      return { kind: 'admitted' }
    },
  }
  let seed = 1
  const fraction = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const random = { bytes: (count: number) => new Uint8Array(count), fraction }
  const supervisor = new Supervisor(
    { minLinks: settings.minLinks ?? 3 },
    { clock, random, log: () => {}, links },
  )
  const ended = supervisor.run()
  return {
    members,
    dials,
    mostAtOnce: () => mostAtOnce,
    nowMs: () => clock.monotonicMs(),
    wake: () => supervisor.wake(),
    async pass(ms: number, done: () => boolean = () => false) {
      for (const endMs = clock.monotonicMs() + ms; clock.monotonicMs() < endMs && !done(); ) {
        clock.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async stop() {
      supervisor.stop()
      clock.advance(60_000)
      await ended
    },
  }
}

const peers = (count: number): PeerId[] =>
  Array.from({ length: count }, (_, i) =>
    peerIdOf(new Uint8Array(32).fill(0).map((_, j) => (i >> (j * 8)) & 255)),
  )

test('of a full address book the only one that lives is found, each tried once before any is tried again', async () => {
  const known = peers(maxAddressBook)
  const living = known[1234] as PeerId
  const world = imagine({ known, lives: (peer) => peer === living })
  await world.pass(60 * 60_000, () => world.members.has(living))
  console.log(
    'the one of',
    known.length,
    'was found after',
    Math.round(world.nowMs() / 1000),
    's of its time',
  )
  expect(world.members).toEqual(new Set([living]))
  expect(new Set(world.dials).size).toBe(world.dials.length)
  expect(world.mostAtOnce()).toBeLessThanOrEqual(maxDialsAtOnceAlone)
  // Half a minute an address, as it was with four at once, would be more than an hour.
  expect(world.nowMs()).toBeLessThan(25 * 60_000)
  await world.stop()
}, 60_000)

test('a node that has a link dials no more than a few at once, and one that finds everybody makes no more links than it wants', async () => {
  const known = peers(100)
  const lonely = imagine({ known, lives: () => true })
  await lonely.pass(60_000)
  expect(lonely.members.size).toBe(3)
  await lonely.stop()

  const first = known[0] as PeerId
  const linked = imagine({ known, bootstrap: [first], lives: (peer) => peer === first })
  await linked.pass(5 * 60_000)
  expect(linked.members).toEqual(new Set([first]))
  const before = linked.dials.length
  expect(before).toBeGreaterThan(20)
  expect(linked.mostAtOnce()).toBeLessThanOrEqual(maxDialsAtOnce + 3)
  await linked.stop()
}, 60_000)

test('it never gives up: after hours in which nobody answered it is back within a minute', async () => {
  const [anchor] = peers(1) as [PeerId]
  let isUp = false
  const world = imagine({ known: [], bootstrap: [anchor], lives: () => isUp })
  await world.pass(2 * 3_600_000)
  expect(world.members.size).toBe(0)
  isUp = true
  const fromMs = world.nowMs()
  await world.pass(120_000, () => world.members.has(anchor))
  expect(world.members.has(anchor)).toBe(true)
  expect(world.nowMs() - fromMs).toBeLessThan(60_000)
  await world.stop()
}, 60_000)
