import { beforeAll, describe, expect, it } from 'vitest'
import { formatInstant } from '../../node/core/instant.ts'
import { parseResultBody, type Result } from '../../node/core/result.ts'
import type { OutboxEntry } from '../../node/gate/gate.ts'
import { openSummary } from '../../node/verification/seal.ts'
import { at, grant } from '../verification/pgp/pgp-kit.ts'
import {
  aMachine,
  answersOf,
  aTestFleet,
  givePolicy,
  replySeed,
  type TestFleet,
  type TestGate,
} from './gate-kit.ts'
import { bodyOfAnswer } from './receipt.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

/** A gate that runs one action of alice's and lets whatever else comes wait. */
async function aBusyGate() {
  const machine = aMachine(fleet)
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  machine.runner.hold()
  await gate.offerAction((await fleet.action(fleet.question('first'))).wire)
  await machine.runner.started(1)
  return { machine, gate }
}

const keys = () => fleet.keys
const policy: TestFleet['policy'] = (version, change) => fleet.policy(version, change)
const ofBob = (word: string, change = {}) => fleet.action(fleet.question(word, change), keys().bob)

/** Bob has left; alice alone may ask. */
async function revokeBob(gate: TestGate): Promise<void> {
  const { wire } = await policy(2, {
    acl: { default: grant(1, { alice: [keys().alice, 1] }) },
    revoked: { people: ['bob'], peers: [], invitations: [] },
  })
  expect(await gate.offerPolicy(fleet.rootWire, wire)).toEqual({ kind: 'taken', version: 2 })
}

function reasonOf(entry: OutboxEntry | undefined): string | undefined {
  const summary = openSummary(parseResultBody(bodyOfAnswer(entry as OutboxEntry)) as Result, replySeed)
  if ('fault' in summary) throw new Error(summary.fault)
  return summary.reason
}

describe('an action that waits for its turn', () => {
  it('does not start when whoever signed it is revoked meanwhile, and says so; the others do', async () => {
    const { machine, gate } = await aBusyGate()
    const [bobs, alices] = [await ofBob('bobs'), await fleet.action(fleet.question('alices'))]
    expect(await gate.offerAction(bobs.wire)).toEqual({ kind: 'accepted' })
    expect(await gate.offerAction(alices.wire)).toEqual({ kind: 'accepted' })
    await revokeBob(gate)
    machine.runner.release()
    await gate.events.seen('outcome', 3)
    expect(machine.runner.runs).toEqual(['first', 'alices'])
    expect(await answersOf(gate)).toMatchObject({
      [bobs.id]: { outcome: 'cancelled' },
      [alices.id]: { outcome: 'done' },
    })
    const entry = (await gate.outbox()).find(({ actionId }) => actionId === bobs.id)
    expect(reasonOf(entry)).toMatch(/^under policy 2: not-permitted: .*weight 0 of 1/)
  })

  it('is not started by a second delivery or a restart either', async () => {
    const { machine, gate } = await aBusyGate()
    const bobs = await ofBob('bobs')
    await gate.offerAction(bobs.wire)
    await revokeBob(gate)
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(await gate.offerAction(bobs.wire)).toMatchObject({ kind: 'invalid' })
    await gate.close()
    const again = await machine.start()
    expect(await again.offerAction(bobs.wire)).toMatchObject({ kind: 'invalid' })
    expect(machine.runner.runs).toEqual(['first'])
  })

  it('runs within the limits of the newest policy', async () => {
    const { machine, gate } = await aBusyGate()
    const seen: number[] = []
    const { run } = machine.runner
    machine.runner.run = function (order) {
      seen.push(order.matches)
      return run.call(this, order)
    }
    await gate.offerAction((await ofBob('bobs')).wire)
    await gate.offerPolicy(fleet.rootWire, (await policy(2, { limits: { matches: 7 } })).wire)
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(seen).toEqual([7])
  })

  it('times out as before when it expires under a newer policy', async () => {
    const { machine, gate } = await aBusyGate()
    const bobs = await ofBob('bobs', { expireafter: formatInstant(at(60)) })
    await gate.offerAction(bobs.wire)
    await gate.offerPolicy(fleet.rootWire, (await policy(2)).wire)
    machine.clock.advance(600_000)
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(await answersOf(gate)).toMatchObject({ [bobs.id]: { outcome: 'timed-out' } })
  })
})

describe('an action that is held until its validfrom', () => {
  it('is refused when whoever signed it is revoked before then', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const { alice, bob } = keys()
    const body = fleet.question('later', { validfrom: formatInstant(at(600)) })
    const action = await fleet.action(body, alice, bob)
    expect(await gate.offerAction(action.wire)).toMatchObject({ kind: 'hold', code: 'not-yet-valid' })
    const { wire } = await policy(2, {
      acl: {
        default: grant(2, { alice: [alice, 1], carol: [keys().carol, 1] }),
      },
      revoked: { people: ['bob'], peers: [], invitations: [] },
    })
    await gate.offerPolicy(fleet.rootWire, wire)
    machine.clock.advance(601_000)
    expect(await gate.offerAction(action.wire)).toMatchObject({
      kind: 'refused',
      code: 'not-permitted',
      reason: expect.stringContaining('weight 1 of 2'),
    })
    expect(machine.runner.runs).toEqual([])
  })
})
