import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LabPerson } from '../../node/roles/lab.ts'
import { type AttackedLab, anAttackedLab, until, whenKnown } from '../attacks/attack-kit.ts'
import { papersOf } from '../attacks/intruder.ts'
import { aHeartbeat } from './documents.ts'
import { somePeople } from './people.ts'

let people: readonly LabPerson[]
beforeAll(async () => {
  people = await somePeople('alice')
})
const alice = () => people[0] as LabPerson

let fleet: AttackedLab
afterEach(() => fleet?.stop())

describe('a heartbeat whose gossip is lost', () => {
  it('goes on from the relay that got it by session to the investigators, and from those to others, within seconds', async () => {
    fleet = await anAttackedLab({ people })
    const { lab, machine } = fleet
    const relay = await lab.startRelay('relay')
    const far = await lab.startRelay('far')
    const bootstrap = relay.addresses
    const investigator = await lab.startInvestigator('laptop', { bootstrap })
    await lab.startAgent('here', { bootstrap, root: machine('here') })
    await whenKnown(investigator, 1)
    await far.mesh.dial(investigator.addresses, { signal: AbortSignal.timeout(5000) })
    const lost = await papersOf(lab, alice(), 'agent')
    // It spoke to the relay alone, and nobody gossips it.
    for (const item of lost.items) await relay.door.enter(item, { via: 'sync' })
    const verdict = await relay.door.enter(aHeartbeat(lab.fleet, lost, { boot: 1, seq: 1 }), { via: 'sync' })
    expect(verdict.kind).toBe('accept')
    await until(
      'the investigator counts on it',
      async () => (await investigator.service.agents()).length === 2,
      5000,
    )
    await until('so does the next collector', () => far.shelf.keys('heartbeat').length === 2, 5000)
  })
})
