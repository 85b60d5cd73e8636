import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Clock, Instant } from '../../node/core/clock.ts'
import { base64Decode, base64Encode } from '../../node/core/encoding.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import { createLab, type Lab, type LabPerson } from '../../node/roles/lab.ts'
import { networkView } from '../../node/roles/network-view.ts'
import { systemClock, systemRandom } from '../../node/system/system-clock.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'
import { somePeopleWho } from './people.ts'

const minute = 60_000
/** What everybody but one takes for the time: the fleet's papers, signed at this machine's, are then some minutes old. */
const ageMs = 15 * minute
const systemPlus = (ms: () => number): Clock => ({
  ...systemClock,
  now: () => (systemClock.now() + ms()) as Instant,
})

let lab: Lab | undefined
afterEach(async () => lab?.stop())

/** A relay and an investigator whose clocks are right, and two agents, one of which is off. */
async function aFleet(aheadMs: number) {
  const events: { node: string; event: string; details: Record<string, unknown> | undefined }[] = []
  let signingMs = 0
  const clock = systemPlus(() => ageMs)
  const people = await somePeopleWho(
    systemPlus(() => signingMs),
    'alice',
  )
  const [alice] = people
  const made = await createLab(
    { people },
    {
      clock: systemClock,
      random: systemRandom,
      log: (node, event, details) => events.push({ node, event, details }),
    },
  )
  lab = made
  const root = join(temporaryDirectory(), 'machine')
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc/os-release'), 'PRETTY_NAME="Debian 12"\n')
  const hub = await made.startRelay('hub', { clock })
  const bootstrap = hub.addresses
  const node = await made.startInvestigator('inv', { clock, bootstrap })
  const right = await made.startAgent('right', { clock, bootstrap, root })
  const wrong = await made.startAgent('wrong', { bootstrap, root, clock: systemPlus(() => ageMs + aheadMs) })
  signingMs = ageMs
  const differs = (node: string) =>
    events.filter((entry) => entry.event === 'clock-differs' && entry.node === node)
  async function ask() {
    const { body } = await node.service.draft({
      name: 'who is there',
      target: "status='online'",
      operations: [{ module: 'file', parameters: { searches: { s1: { paths: ['/etc'], names: ['os'] } } } }],
      expireSeconds: 120,
    })
    const wire = await made.sign('mig.action.v3', base64Decode(body) as Uint8Array, [
      (alice as LabPerson).signer,
    ])
    return node.service.send({ wire: base64Encode(wire) })
  }
  return { hub, node, right, wrong, ask, differs }
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await systemClock.sleep(20)
  }
}

const whenBothAreKnown = (node: InvestigatorNode) =>
  until(async () => (await node.service.agents()).length === 2, 'two agents')

it.each([
  [10, '10 min ahead'],
  [-10, '10 min behind'],
])(
  'a host whose clock is off by %d minutes is silent, and it and its collectors say why',
  async (minutes, words) => {
    const { node, right, wrong, ask, differs } = await aFleet(minutes * minute)
    await whenBothAreKnown(node)
    await node.mesh.dial(wrong.addresses, { signal: AbortSignal.timeout(5000) })
    await until(() => networkView(wrong).clock?.aheadMinutes === minutes, 'it is told')
    await until(() => networkView(right).clock?.aheadMinutes === 0, 'the other agrees')
    expect(differs('wrong')).toHaveLength(1)
    expect(Number(differs('wrong')[0]?.details?.aheadSeconds) / 60).toBeCloseTo(minutes, 0)
    expect([...differs('right'), ...differs('hub'), ...differs('inv')]).toEqual([])

    await until(() => node.clocks.differing().size > 0, 'the investigator has met it')
    const agents = await node.service.agents()
    expect(agents.map(({ name, clockAheadMinutes }) => [name, clockAheadMinutes])).toEqual([
      ['right', undefined],
      ['wrong', minutes],
    ])
    const { id } = await ask()
    await until(async () => (await node.service.accounting(id)).answered.length === 1, 'one answer')
    const { silent, answered } = await node.service.accounting(id)
    expect(answered.map(({ name }) => name)).toEqual(['right'])
    expect(silent).toMatchObject([{ name: 'wrong', clockAheadMinutes: minutes }])
    expect(silent[0]?.note).toContain(words)
  },
  60_000,
)
