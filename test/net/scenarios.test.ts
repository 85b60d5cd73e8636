import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../processes/real-fleet.ts'
import { createLab, type Lab } from './lab.ts'
import { type LabFleet, startFleet } from './lab-fleet.ts'
import { isShort, skipWithoutLab } from './skip.ts'

const officeA = ['a1', 'a2', 'a3']
const officeB = ['b1', 'b2']
const plant = ['early', 'p1']
const everybody = [...officeA, ...officeB, ...plant]
// The clock of one host is ten minutes ahead: what expires in five has expired there.
const question = (name: string) => ['-t', 'all', '-e', '1h', 'file', '-path', '/etc', '-name', `^${name}$`]

/** Office A: a LAN behind NAT. Office B: symmetric NAT. The plant: no way in, no translation. Two relays in different clouds,
 *  a laptop at home that may go to the café, and a second investigator at the plant. */
describe.skipIf(skipWithoutLab())('a fleet in a world of firewalls', () => {
  let lab: Lab
  let fleet: LabFleet

  beforeAll(async () => {
    lab = await createLab({
      sites: {
        east: { gateway: 'open', hosts: ['relay1'] },
        west: { gateway: 'open', hosts: ['relay2'] },
        officeA: { gateway: 'nat', hosts: officeA },
        officeB: { gateway: 'symnat', hosts: officeB },
        plant: { gateway: 'fw', hosts: [...plant, 'ops'] },
        home: { gateway: 'nat', hosts: ['laptop'] },
        cafe: { gateway: 'symnat', hosts: [] },
      },
    })
    fleet = await startFleet(lab, {
      relays: ['relay1', 'relay2'],
      agents: {
        a1: { listens: true },
        a2: { listens: true },
        a3: {},
        b1: {},
        b2: {},
        p1: { listens: true },
        early: { aheadMs: 600_000 },
      },
      investigators: ['laptop', 'ops'],
    })
  }, 240_000)
  afterAll(async () => {
    await fleet?.stop()
    await lab?.remove()
  })

  let asked: string[] = []
  const ask = async (name: string, from = 'laptop') => {
    const id = await fleet.ask(question(name), { from })
    asked.push(id)
    return id
  }
  afterEach(() => {
    // Whatever happened on the way, nobody ran anything twice.
    for (const id of asked) expect(Math.max(...Object.values(fleet.acceptances(id)))).toBeLessThanOrEqual(1)
    asked = []
  })

  it('answers the laptop at home, whatever stands between', async () => {
    await fleet.answered(await ask('hostname'), everybody)
  }, 90_000)

  it('answers when one relay is dead', async () => {
    await fleet.node('relay1').stop('SIGKILL')
    await fleet.answered(await ask('os-release'), everybody)
    await fleet.node('relay1').start()
  }, 150_000)

  it('loses nothing when both relays die while it is asked', async () => {
    const id = await ask('hostname')
    await Promise.all([fleet.node('relay1').stop('SIGKILL'), fleet.node('relay2').stop('SIGKILL')])
    const account = await fleet.account(id)
    expect([...account.answered, ...account.silent].map((line) => line.name).sort()).toEqual(everybody)
    await fleet.node('relay2').start()
    await fleet.answered(id, everybody, { withinMs: 120_000 })
    await fleet.node('relay1').start()
  }, 240_000)

  it.skipIf(isShort)(
    'goes on by its own LAN when an office is cut off',
    async () => {
      await fleet.node('a3').stop()
      const id = await ask('os-release')
      await fleet.answered(
        id,
        everybody.filter((name) => name !== 'a3'),
      )
      // Office A alone: a3 comes back and hears of the question from its neighbours; its answer waits with them.
      lab.site('officeA').cut()
      await fleet.node('a3').start()
      await until('a3 has run it', () => fleet.acceptances(id).a3 === 1, 60_000)
      expect((await fleet.account(id)).silent.map((line) => line.name)).toEqual(['a3'])
      lab.site('officeA').heal()
      await fleet.answered(id, everybody, { withinMs: 120_000 })
    },
    300_000,
  )

  it.skipIf(isShort)(
    'answers a laptop that is cut off in the middle and comes back elsewhere',
    async () => {
      const id = await ask('hostname')
      lab.host('laptop').unplug()
      lab.host('laptop').moveTo('cafe')
      await fleet.answered(id, everybody, { withinMs: 150_000 })
      lab.host('laptop').moveTo('home')
    },
    240_000,
  )

  it('asks on both sides of a split, and both investigators end with the same answers', async () => {
    // The plant and its investigator are alone.
    lab.site('plant').cut()
    const here = await ask('hostname')
    const there = await ask('os-release', 'ops')
    await fleet.answered(here, [...officeA, ...officeB], { withinMs: 90_000 })
    await fleet.answered(there, plant, { on: 'ops', withinMs: 90_000 })
    expect((await fleet.account(here)).silent.map((line) => line.name)).toEqual(plant)
    lab.site('plant').heal()
    for (const [id, from] of [
      [here, 'laptop'],
      [there, 'ops'],
    ] as const)
      await fleet.answered(id, everybody, { on: from, withinMs: 150_000 })
    for (const id of [here, there])
      await until(
        'both hold every answer',
        async () => {
          const held = await Promise.all(
            ['laptop', 'ops'].map((on) =>
              fleet.withService(on, async (service) => (await service.results(id)).length),
            ),
          )
          return held.every((count) => count === everybody.length)
        },
        120_000,
      )
  }, 500_000)

  it('answers through a gateway that changes its outside address', async () => {
    lab.site('officeA').renumber()
    await fleet.answered(await ask('os-release'), everybody, { withinMs: 150_000 })
  }, 240_000)

  it('answers although one of five packets is lost', async () => {
    for (const site of ['officeA', 'officeB', 'home']) lab.site(site).lose(20)
    await fleet.answered(await ask('hostname'), everybody, { withinMs: 150_000 })
    for (const site of ['officeA', 'officeB', 'home']) lab.site(site).lose(0)
  }, 240_000)

  it('gets the answer of an agent that was off for half of the time', async () => {
    await fleet.node('b1').stop('SIGKILL')
    const id = await ask('os-release')
    await fleet.answered(
      id,
      everybody.filter((name) => name !== 'b1'),
      { withinMs: 90_000 },
    )
    await fleet.node('b1').start()
    await fleet.answered(id, everybody, { withinMs: 90_000 })
  }, 240_000)

  it('answers over a slow line, and does not let it hold up the others', async () => {
    lab.host('b1').slow(32)
    const id = await ask('hostname')
    const quickly = everybody.filter((name) => name !== 'b1')
    await until(
      'the others have answered',
      async () => {
        const names = (await fleet.account(id)).answered.map(({ name }) => name)
        return quickly.every((name) => names.includes(name))
      },
      20_000,
    )
    await fleet.answered(id, everybody, { withinMs: 120_000 })
    lab.host('b1').slow(0)
  }, 240_000)

  it('answers beside a relay and a neighbour that take everything and let nothing out', async () => {
    for (const name of ['relay1', 'a1']) fleet.node(name).freeze()
    const id = await ask('os-release')
    await fleet.answered(
      id,
      everybody.filter((name) => name !== 'a1'),
      { withinMs: 120_000 },
    )
    expect((await fleet.account(id)).silent.map(({ name }) => name)).toEqual(['a1'])
    for (const name of ['relay1', 'a1']) fleet.node(name).thaw()
    await fleet.answered(id, everybody, { withinMs: 120_000 })
  }, 300_000)
})
