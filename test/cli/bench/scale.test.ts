import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, createAccounts } from '../../../cli/bench/accounts.ts'
import { someone } from '../../../cli/bench/scale.ts'
import { startScaleFleet } from '../../../cli/bench/scale-fleet.ts'
import { type Asked, askFleet } from '../../../cli/bench/scale-question.ts'
import { systemClock as clock, systemRandom as random } from '../../../node/system/system-clock.ts'

/** What a question costs, counted: no clock is looked at, and what clocks set going (pings) is left out. */
describe('a fleet three times as large', () => {
  const sizes = { small: 12, large: 36 }
  let directory: string
  let small: Asked
  let large: Asked

  async function askOnce(agents: number): Promise<Asked> {
    const accounts = createAccounts()
    const storedAtMs: number[] = []
    const alice = await someone(join(directory, `fleet${agents}`))
    const fleet = await startScaleFleet(
      { agents, directory, alice },
      {
        clock,
        random,
        stored: () => storedAtMs.push(clock.monotonicMs()),
        probeOf: (role) => accounts.probeOf(role),
        progress: () => undefined,
      },
    )
    try {
      // What is still to be told of those who have joined is told first: that is no question's cost.
      for (const agent of fleet.agents)
        for (const { peer } of agent.mesh.members()) await agent.syncWith(peer)
      return await askFleet({ clock, signal: new AbortController().signal }, fleet, alice, {
        accounts,
        storedAtMs,
      })
    } finally {
      await fleet.stop()
      accounts.stop()
    }
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mig-scale-'))
    small = await askOnce(sizes.small)
    large = await askOnce(sizes.large)
  }, 240_000)
  afterAll(() => rm(directory, { recursive: true, force: true }))

  const costOf = ({ payload }: Account, agents: number) => {
    const { gossip, sync } = Object.fromEntries(payload)
    const sum = (key: 'inBytes' | 'outBytes' | 'inMessages' | 'outMessages') =>
      ((gossip?.[key] ?? 0) + (sync?.[key] ?? 0)) / agents
    return {
      bytes: sum('inBytes') + sum('outBytes'),
      inBytes: sum('inBytes'),
      messages: sum('inMessages') + sum('outMessages'),
    }
  }

  it('costs an ordinary agent no more bytes and no more messages a question', () => {
    const before = costOf(small.untilConfirmed.agent, sizes.small)
    const after = costOf(large.untilConfirmed.agent, sizes.large)
    // It sends its answer of 6 kB to three collectors.
    expect(before.bytes).toBeGreaterThan(15_000)
    expect(after.bytes / before.bytes).toBeLessThan(1.4)
    expect(after.inBytes / before.inBytes).toBeLessThan(1.4)
    expect(after.messages / before.messages).toBeLessThan(1.4)
  })

  it('costs those who collect in proportion', () => {
    const before = costOf(small.untilConfirmed.investigator, 1)
    const after = costOf(large.untilConfirmed.investigator, 1)
    expect(after.bytes / before.bytes).toBeGreaterThan(2)
    expect(after.bytes / before.bytes).toBeLessThan(4.5)
  })

  it('says of the time of all answers what it was spent on', () => {
    for (const { agent, relay } of [small.untilAnswered, large.untilAnswered]) {
      for (const phase of ['transport', 'gossip', 'verify', 'run', 'seal', 'store'] as const)
        expect(agent.ms[phase]).toBeGreaterThan(0)
      expect(relay.ms.verify).toBeGreaterThan(0)
      // Relays run nothing and answer nothing.
      expect(relay.ms.run + relay.ms.seal).toBe(0)
    }
  })
})
