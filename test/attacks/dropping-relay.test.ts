import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { accountingLine } from '../../node/core/accounting.ts'
import { ignore } from '../../node/core/admission.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
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

let people: readonly LabPerson[]
beforeAll(async () => {
  people = await somePeople('alice')
})

/** A relay that looks well and swallows every answer: it takes none in, so that it has none to pass on. */
function swallowAnswers(relay: CollectorNode): { readonly swallowed: () => number } {
  const { enter } = relay.door
  let swallowed = 0
  ;(relay.door as { enter: typeof enter }).enter = async (item, source) => {
    if (item.kind !== 'result' && item.kind !== 'status') return enter(item, source)
    swallowed++
    return ignore('no-room', 'swallowed')
  }
  return { swallowed: () => swallowed }
}

describe('a relay that drops every answer (T8)', () => {
  let attacked: AttackedLab
  afterEach(() => attacked?.stop())

  it('does not keep back the answers of agents that reach the asker another way', async () => {
    attacked = await anAttackedLab({ people })
    const { lab } = attacked
    const bad = await lab.startRelay('bad relay')
    const good = await lab.startRelay('good relay', { bootstrap: bad.addresses })
    const { swallowed } = swallowAnswers(bad)
    const bootstrap = [...bad.addresses, ...good.addresses]
    for (let i = 0; i < 3; i++)
      await lab.startAgent(`web${i}`, { bootstrap, root: attacked.machine(`web${i}`), listen: [] })
    const investigator = await lab.startInvestigator('laptop', { bootstrap, listen: [] })
    await whenKnown(investigator, 3)
    const { id, wire } = await aSignedAction(lab, investigator, people)
    await send(investigator, wire)
    const { answered } = await settled(investigator, id)
    expect(answered.map(({ name }) => name)).toEqual(['web0', 'web1', 'web2'])
    expect(swallowed()).toBeGreaterThan(0)
  }, 30_000)

  it('does not make those look clean that it alone connects: they are named as silent', async () => {
    attacked = await anAttackedLab({ people })
    const { lab } = attacked
    const bad = await lab.startRelay('bad relay')
    const { swallowed } = swallowAnswers(bad)
    const bootstrap = bad.addresses
    // No address of its own, and the asker has none either: there is no other way.
    const cut = await lab.startAgent('cut', { bootstrap, root: attacked.machine('cut'), listen: [] })
    const investigator = await lab.startInvestigator('laptop', { bootstrap, listen: [] })
    await whenKnown(investigator, 1)
    const { id, wire } = await aSignedAction(lab, investigator, people)
    await send(investigator, wire)
    await until(
      'it has answered, and was swallowed',
      () => attacked.count('cut', 'outcome') === 1 && swallowed() > 1,
    )
    const account = await investigator.service.accounting(id)
    expect(account.silent.map(({ name }) => name)).toEqual(['cut'])
    expect(accountingLine(account)).toBe(
      '1 expected, 0 answered (0 found), 1 silent: cut — incomplete, not clean',
    )
    expect(await cut.waiting()).toBe(1)

    // The answer is not lost: it is there as soon as there is an honest way.
    const good = await lab.startRelay('good relay')
    for (const node of [cut, investigator])
      await node.mesh.dial(good.addresses, { signal: AbortSignal.timeout(5000) })
    expect((await settled(investigator, id)).answered.map(({ name }) => name)).toEqual(['cut'])
    await until('and confirmed', async () => (await cut.waiting()) === 0)
  }, 40_000)
})
