import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../processes/real-fleet.ts'
import { createLab, type Lab } from './lab.ts'
import { type LabFleet, startFleet } from './lab-fleet.ts'
import { isShort, skipWithoutLab } from './skip.ts'

const relays = ['relay1', 'relay2', 'relay3']
const agents = Array.from({ length: 60 }, (_, n) => `h${String(n).padStart(2, '0')}`)
/** Sixty agents are a hundred and twenty processes on the cores of one machine: that is what takes long here. */
const slowMs = 300_000

/** Prints when how many had answered: `npm run test:net -- crowd`. */
describe.skipIf(isShort || skipWithoutLab())('sixty hosts behind one address', () => {
  let lab: Lab
  let fleet: LabFleet

  beforeAll(async () => {
    lab = await createLab({
      sites: {
        east: { gateway: 'open', hosts: ['relay1'] },
        west: { gateway: 'open', hosts: ['relay2'] },
        south: { gateway: 'open', hosts: ['relay3'] },
        office: { gateway: 'nat', hosts: agents },
        home: { gateway: 'nat', hosts: ['laptop'] },
      },
    })
    fleet = await startFleet(
      lab,
      {
        relays,
        agents: Object.fromEntries(agents.map((name, n) => [name, { listens: n % 10 === 0 }])),
        investigators: ['laptop'],
      },
      slowMs,
    )
  }, 3 * slowMs)
  afterAll(async () => {
    await fleet?.stop()
    await lab?.remove()
  }, slowMs)

  /** Waits for everybody's answer and prints when how many were there. */
  async function timed(title: string, begin: () => Promise<string>): Promise<void> {
    const startedMs = performance.now()
    const id = await begin()
    const at: number[] = []
    await until(
      'everybody has answered',
      async () => {
        const { length } = (await fleet.account(id)).answered
        while (at.length < length) at.push(performance.now() - startedMs)
        return length === agents.length
      },
      slowMs,
    )
    const seconds = (part: number) =>
      ((at[Math.ceil(agents.length * part) - 1] ?? Number.NaN) / 1000).toFixed(1)
    process.stdout.write(
      `${title}: 50 % after ${seconds(0.5)} s, 95 % ${seconds(0.95)} s, all ${seconds(1)} s\n`,
    )
    expect(new Set(Object.values(fleet.acceptances(id)))).toEqual(new Set([1]))
    const { silent, failed, refused, unexpected } = await fleet.account(id)
    expect([...silent, ...failed, ...refused, ...unexpected]).toEqual([])
  }
  const ask = (name: string) => () =>
    fleet.ask(['-t', 'all', '-e', '1h', 'file', '-path', '/etc', '-name', name])

  it('all answer, each once', () => timed('60 hosts, healthy', ask('hostname')), 2 * slowMs)

  it(
    'all answer when one of three relays is dead',
    async () => {
      await fleet.node('relay2').stop('SIGKILL')
      await timed('60 hosts, one of three relays dead', ask('os-release'))
      await fleet.node('relay2').start()
    },
    2 * slowMs,
  )

  it(
    'come back when the relays restart',
    async () => {
      await Promise.all(relays.map((name) => fleet.node(name).stop('SIGKILL')))
      await Promise.all(relays.map((name) => fleet.node(name).start()))
      await timed('60 hosts, just after all relays have restarted', ask('hostname'))
    },
    2 * slowMs,
  )

  it(
    'restart at once and answer what was asked meanwhile',
    async () => {
      await Promise.all(agents.map((name) => fleet.node(name).stop('SIGKILL')))
      const id = await ask('os-release')()
      await timed('60 hosts that restart at once', async () => {
        await Promise.all(agents.map((name) => fleet.node(name).start()))
        return id
      })
    },
    3 * slowMs,
  )
})
