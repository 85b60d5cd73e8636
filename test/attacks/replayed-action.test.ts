import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeEnvelope } from '../../node/core/envelope.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import type { LabAgent, LabPerson } from '../../node/roles/lab.ts'
import { stopStrangers } from '../mesh/stranger.ts'
import { somePeople } from '../roles/people.ts'
import {
  type AttackedLab,
  anAttackedLab,
  aSignedAction,
  send,
  settled,
  until,
  whenKnown,
} from './attack-kit.ts'
import { infiltrate, papersOf } from './intruder.ts'

let people: readonly LabPerson[]
beforeAll(async () => {
  people = await somePeople('alice', 'bob')
})

/** A relay of the fleet that has gone over to the enemy: it may publish actions, and says what it likes as often as it likes. */
describe('an action that a hostile relay sends again', () => {
  let attacked: AttackedLab
  let relay: CollectorNode & { readonly addresses: readonly string[] }
  let agents: readonly LabAgent[]
  let investigator: InvestigatorNode
  let traitor: Awaited<ReturnType<typeof infiltrate>>

  async function aFleet(minimumweight: number): Promise<void> {
    attacked = await anAttackedLab({
      people,
      acl: (people) => ({
        file: {
          minimumweight,
          investigators: Object.fromEntries(
            people.map(({ name, signer }) => [name, { fingerprint: signer.fingerprint, weight: 1 }]),
          ),
        },
      }),
    })
    const { lab } = attacked
    relay = await lab.startRelay('relay', { transport: 'tcp' })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    agents = [
      await lab.startAgent('web0', { ...node, root: attacked.machine('web0') }),
      await lab.startAgent('web1', { ...node, root: attacked.machine('web1') }),
    ]
    investigator = await lab.startInvestigator('laptop', node)
    await whenKnown(investigator, agents.length)
    const papers = await papersOf(lab, people[0] as LabPerson, 'relay')
    traitor = await infiltrate(papers, relay.addresses[0] ?? '', lab.fleet, 'actions', 'policy')
  }
  afterEach(async () => {
    await stopStrangers()
    await attacked?.stop()
  })

  const runs = () => agents.map((_agent, i) => attacked.count(`web${i}`, 'accepted'))
  const offers = (answer: string) =>
    agents.map((_agent, i) => attacked.count(`web${i}`, 'gate-action', { kind: answer }))

  it('runs once, by gossip, by session and straight at the gate', async () => {
    await aFleet(1)
    const { id, wire } = await aSignedAction(attacked.lab, investigator, people.slice(0, 1))
    await send(investigator, wire)
    await settled(investigator, id)
    expect(runs()).toEqual([1, 1])

    // A new message each time: what gossip remembers of the first does not stop it.
    for (let i = 0; i < 5; i++) await traitor.publish('actions', { kind: 'action', bytes: wire })
    for (const { door, gate } of agents) {
      expect(
        await door.enter({ kind: 'action', bytes: wire }, { via: 'sync', peer: relay.mesh.peerId }),
      ).toMatchObject({ kind: 'ignore', code: 'already-held' })
      // As if its mesh process had forgotten everything.
      for (let i = 0; i < 3; i++) expect(await gate.offerAction(wire)).toEqual({ kind: 'known' })
    }
    const next = await aSignedAction(attacked.lab, investigator, people.slice(0, 1), { name: 'another' })
    await send(investigator, next.wire)
    await settled(investigator, next.id)
    expect(runs()).toEqual([2, 2])
  }, 30_000)

  it('runs once when the seen cache of every mesh process is empty again', async () => {
    await aFleet(1)
    const { id, wire } = await aSignedAction(attacked.lab, investigator, people.slice(0, 1))
    await send(investigator, wire)
    await settled(investigator, id)
    // What two minutes do to gossip's memory, and a restart to the ledger's.
    for (const { ledger } of agents) ledger.actions.delete(id)
    relay.ledger.actions.delete(id)
    await traitor.publish('actions', { kind: 'action', bytes: wire })
    await until('both gates were asked again', () => offers('known').every((count) => count > 0))
    expect(runs()).toEqual([1, 1])
  }, 30_000)

  it('runs once when it sends a copy with a signature stripped first, and again after it (V72)', async () => {
    await aFleet(2)
    const { id, wire, body } = await aSignedAction(attacked.lab, investigator, people)
    const half = await attacked.lab.sign('mig.action.v3', body, [(people[0] as LabPerson).signer])
    const none = encodeEnvelope({ type: 'mig.action.v3', body, signatures: [] })
    await traitor.publish('actions', { kind: 'action', bytes: none })
    await traitor.publish('actions', { kind: 'action', bytes: half })
    await until('both agents refused it', () => offers('refused').every((count) => count > 0))
    await until('the investigator has heard of that', () => investigator.shelf.keys('status').length === 2)
    expect(runs()).toEqual([0, 0])

    await send(investigator, wire)
    const { answered } = await settled(investigator, id)
    expect(answered.map(({ name }) => name)).toEqual(['web0', 'web1'])
    await traitor.publish('actions', { kind: 'action', bytes: half })
    for (const { gate } of agents) expect(await gate.offerAction(half)).toEqual({ kind: 'known' })
    expect(runs()).toEqual([1, 1])
    expect((await investigator.service.accounting(id)).answered).toHaveLength(2)
  }, 30_000)

  it('changed in one byte is somebody else’s, and nobody’s', async () => {
    await aFleet(1)
    const { body, wire } = await aSignedAction(attacked.lab, investigator, people.slice(0, 1))
    const signed = await attacked.lab.sign('mig.action.v3', body, [(people[0] as LabPerson).signer])
    expect(signed.length).toBeGreaterThan(body.length)
    const changed = Buffer.from(wire)
    const at = changed.indexOf('/etc/cron.d')
    changed.write('/etc/crom.d', at)
    await traitor.publish('actions', { kind: 'action', bytes: new Uint8Array(changed) })
    await until(
      'the relay has turned it away',
      () => attacked.count('relay', 'turned-away', { kind: 'action', code: 'no-valid-signature' }) > 0,
    )
    for (const { gate } of agents)
      expect(await gate.offerAction(new Uint8Array(changed))).toMatchObject({
        kind: 'invalid',
        code: 'no-valid-signature',
      })
    expect(runs()).toEqual([0, 0])
  }, 30_000)
})
