import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AgentNode } from '../../node/roles/agent.ts'
import type { Lab, LabAgent, LabPerson } from '../../node/roles/lab.ts'
import { systemClock } from '../../node/system/system-clock.ts'
import {
  type AttackedLab,
  anAttackedLab,
  aSignedAction,
  send,
  settled,
  until,
} from '../attacks/attack-kit.ts'
import { inARow, someCables } from './cables.ts'
import { somePeople } from './people.ts'

/** Some seconds on an idle machine; on a busy one a lost session is made up for by the next round, 45 s later. */
const slowMs = 120_000

let people: readonly LabPerson[]
beforeAll(async () => {
  people = await somePeople('alice')
})

let fleet: AttackedLab
afterEach(() => fleet?.stop())

const dial = (from: AgentNode, to: { readonly addresses: readonly string[] }) =>
  from.mesh.dial(to.addresses, { signal: AbortSignal.timeout(10_000) })

/** The office has met the fleet before. */
async function knows(agent: AgentNode, { rootWire, policyWire }: Lab): Promise<void> {
  await agent.door.enter({ kind: 'root', bytes: rootWire }, { via: 'local' })
  await agent.door.enter({ kind: 'policy', bytes: policyWire }, { via: 'local' })
}

/** Copies of results that others than the answering agent and the collectors hold. */
const copies = (agents: readonly AgentNode[]) =>
  agents.reduce((sum, agent) => sum + agent.shelf.keys('result').length, 0)

describe('an answer without a collector in reach', () => {
  it(
    'comes over four agents to the investigator, is expected there, and its receipt goes back',
    async () => {
      const cables = someCables(inARow('a', 'b', 'c', 'd', 'laptop'))
      fleet = await anAttackedLab({ people, isCut: cables.isCut })
      const { lab, machine } = fleet
      const investigator = await lab.startInvestigator('laptop')
      const agents: LabAgent[] = []
      let bootstrap = investigator.addresses
      for (const name of ['d', 'c', 'b', 'a']) {
        const agent = await lab.startAgent(name, { bootstrap, root: machine(name) })
        await knows(agent, lab)
        bootstrap = agent.addresses
        agents.push(agent)
      }
      await until('all are known', async () => (await investigator.service.agents()).length === 4, slowMs)
      const asked = await aSignedAction(lab, investigator, people)
      const sent = await send(investigator, asked.wire)
      expect(sent.expected.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'd'])
      const account = await settled(investigator, asked.id, slowMs)
      expect(account.answered.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'd'])
      await until(
        'every outbox is cleared by the receipt',
        async () => (await Promise.all(agents.map((agent) => agent.waiting()))).every((count) => count === 0),
        slowMs,
      )
      // Whoever hears of a receipt tells those whom it handed the answer to: no waiting for the sessions of chance.
      await until('nobody carries anything any more', () => copies(agents) === 0, slowMs)
    },
    4 * slowMs,
  )

  it(
    'waits with few where nobody knows a way, and goes on when one of them finds one',
    async () => {
      const cables = someCables((a, b) => a !== 'laptop' && b !== 'laptop')
      fleet = await anAttackedLab({ people, isCut: cables.isCut })
      const { lab, machine } = fleet
      const count = 12
      const agents: LabAgent[] = []
      for (let n = 0; n < count; n++) {
        const agent = await lab.startAgent(`office${n}`, { root: machine(`office${n}`) })
        await knows(agent, lab)
        agents.push(agent)
      }
      // Everybody is linked to everybody.
      for (const [n, agent] of agents.entries())
        for (const other of agents.slice(0, n)) await dial(agent, other)
      const investigator = await lab.startInvestigator('laptop')
      const asked = await aSignedAction(lab, investigator, people)
      await send(investigator, asked.wire)
      const [first] = agents as [LabAgent]
      await first.door.enter({ kind: 'action', bytes: asked.wire }, { via: 'sync' })
      await until(
        'all have run it',
        async () =>
          (await Promise.all(agents.map((agent) => agent.waiting()))).every((waiting) => waiting === 1),
        slowMs,
      )
      await until('some are carried', () => copies(agents) > 0)
      // The second round of sessions is over by then.
      await until('each is left with somebody', () => copies(agents) >= count, slowMs)
      // The next carriers are due after 30 s only: whatever moves further would move in the sessions of the next seconds.
      await systemClock.sleep(5000)
      expect(copies(agents)).toBeLessThanOrEqual(2 * count)

      cables.heal()
      await dial(agents[7] as LabAgent, investigator)
      await until(
        'all are in',
        async () => {
          const { answered, unexpected } = await investigator.service.accounting(asked.id)
          return answered.length + unexpected.length === count
        },
        slowMs,
      )
      await until(
        'all have their receipts',
        async () =>
          (await Promise.all(agents.map((agent) => agent.waiting()))).every((waiting) => waiting === 0),
        slowMs,
      )
      await until('nobody carries anything any more', () => copies(agents) === 0, slowMs)
    },
    6 * slowMs,
  )
})
