import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { maxActionGossipBytes } from '../../node/core/limits.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { encodeItems, type Item } from '../../node/sync/item.ts'
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
  people = await somePeople('alice', 'mallory')
})

describe('a member that floods', () => {
  let attacked: AttackedLab
  let relay: CollectorNode & { readonly addresses: readonly string[] }
  let investigator: InvestigatorNode
  let flooder: Awaited<ReturnType<typeof infiltrate>>

  async function aFleet(): Promise<void> {
    attacked = await anAttackedLab({ people: people.slice(0, 1) })
    const { lab } = attacked
    relay = await lab.startRelay('relay', { transport: 'tcp' })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    for (const name of ['web0', 'web1']) await lab.startAgent(name, { ...node, root: attacked.machine(name) })
    investigator = await lab.startInvestigator('laptop', node)
    await whenKnown(investigator, 2)
    const papers = await papersOf(lab, people[0] as LabPerson, 'relay')
    flooder = await infiltrate(papers, relay.addresses[0] ?? '', lab.fleet, 'actions', 'results')
  }
  afterEach(async () => {
    await stopStrangers()
    await attacked?.stop()
  })

  /** An honest question, and how long it took. */
  async function ask(name: string): Promise<number> {
    const started = performance.now()
    const { id, wire } = await aSignedAction(attacked.lab, investigator, people.slice(0, 1), { name })
    await send(investigator, wire)
    const { answered } = await settled(investigator, id)
    expect(answered.map((line) => line.name)).toEqual(['web0', 'web1'])
    return performance.now() - started
  }

  it('with questions that nobody may ask is ignored beyond its rate, and everybody else is answered (T29)', async () => {
    await aFleet()
    const calmMs = await ask('before')
    const { wire } = await aSignedAction(attacked.lab, investigator, people.slice(0, 1))
    // Each costs the verification of a signature, and none holds.
    const junk = (): Item => {
      const bytes = Buffer.from(wire)
      randomBytes(8).copy(bytes, bytes.length - 40)
      return { kind: 'action', bytes: new Uint8Array(bytes) }
    }
    for (let i = 0; i < 300; i++) await flooder.publish('actions', junk())
    const floodedMs = await ask('meanwhile')
    await until('the rest is ignored unread', () => attacked.count('relay', 'gossip-over-rate') > 200)
    expect(attacked.count('relay', 'turned-away', { kind: 'action' })).toBeLessThan(60)
    // Ignoring costs the flooder nothing but its voice.
    expect(flooder.connection.status).toBe('open')
    expect(floodedMs).toBeLessThan(calmMs + 3000)
  }, 60_000)

  it('with more than fits is put out; nobody passes it on, and the neighbours keep one another (T28)', async () => {
    await aFleet()
    const members = () => relay.mesh.members().length
    await until('the flooder is in', () => members() === 4)
    for (let i = 0; i < 8; i++) await flooder.publishBytes('actions', randomBytes(maxActionGossipBytes + 1))
    await until('it is cut off', () => flooder.connection.status !== 'open')
    expect(members()).toBe(3)
    expect(['web0', 'web1', 'laptop'].map((name) => attacked.count(name, 'left'))).toEqual([0, 0, 0])
    await ask('after')
  }, 60_000)

  it('with what cannot be read is put out, too', async () => {
    await aFleet()
    for (let i = 0; i < 8; i++) await flooder.publishBytes('actions', randomBytes(2000))
    await until('it is cut off', () => flooder.connection.status !== 'open')
    await ask('after')
  }, 60_000)

  it('with answers to questions that nobody asked fills no store (T39)', async () => {
    await aFleet()
    await ask('before')
    const keys = () => relay.shelf.keys('result').length + relay.shelf.keys('status').length
    const before = keys()
    const bytes = randomBytes(6000)
    for (let i = 0; i < 200; i++)
      await flooder.publishBytes(
        'results',
        encodeItems([{ kind: 'result', bytes: Buffer.concat([bytes, randomBytes(8)]) }]),
      )
    await ask('meanwhile')
    expect(keys()).toBe(before + 2)
  }, 60_000)
})
