import { beforeAll, describe, expect, it } from 'vitest'
import { isLaterHeartbeat } from '../../node/core/heartbeat.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { decodeWithCertificate, encodeWithCertificate } from '../../node/verification/node-documents.ts'
import { openEnvelope, sealEnvelope } from '../../node/verification/node-envelope.ts'
import { at } from '../verification/pgp/pgp-kit.ts'
import {
  aMachine,
  answersOf,
  aTestFleet,
  givePolicy,
  minutes,
  type TestFleet,
  type TestGate,
  type TestMachine,
} from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

const laterQuestion = (word: string) =>
  fleet.question(word, { issuedat: formatInstant(at(600)), validfrom: formatInstant(at(600)) })

async function aGate(machine: TestMachine): Promise<TestGate> {
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  return gate
}

async function runsHere(gate: TestGate, word: string) {
  const action = await fleet.action(fleet.question(word))
  const outcomes = gate.events.all.filter(([event]) => event === 'outcome').length
  expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
  await gate.events.seen('outcome', outcomes + 1)
  return action
}

const numberOf = (heartbeat: Uint8Array) => {
  const opened = openEnvelope('mig-heartbeat', decodeWithCertificate(heartbeat)?.envelopeWire as Uint8Array)
  if (!('value' in opened)) throw new Error('no heartbeat')
  return opened.value as { boot: number; seq: number }
}

describe('a machine that was restored from an image, its counters outside too', () => {
  it.each([
    ['and the agent had been started again since', true],
    ['and the agent had run on since', false],
  ])('learns it from its own later heartbeat, %s', async (_, wasRestarted) => {
    const machine = aMachine(fleet)
    let gate = await aGate(machine)
    await gate.heartbeat([])
    const restore = await machine.image()
    if (wasRestarted) {
      await gate.close()
      gate = await aGate(machine)
      await gate.close()
      gate = await aGate(machine)
    }
    const action = await runsHere(gate, 'web1')
    const held = await gate.heartbeat([])
    await gate.close()
    restore()

    const copy = await aGate(machine)
    // Nothing here can tell.
    expect(await copy.identity()).toMatchObject({ rolledBack: false })
    expect(await copy.offerHeartbeat(held)).toBe(true)
    expect(await copy.identity()).toMatchObject({ rolledBack: true })
    expect(copy.events.all.map(([event]) => event)).toContain('rolled-back')
    expect(await copy.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'replay-fence' })
    const next = numberOf(await copy.heartbeat([]))
    expect(isLaterHeartbeat(next, numberOf(held))).toBe(true)
    // The fence holds over a restart, which does not take the same heartbeat for news again.
    await copy.close()
    const again = await machine.start()
    expect(await again.offerHeartbeat(held)).toBe(false)
    expect(await again.identity()).toMatchObject({ rolledBack: false })
    expect(await again.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'replay-fence' })
    machine.clock.advance(10 * minutes)
    const later = await fleet.action(laterQuestion('later'))
    expect(await again.offerAction(later.wire)).toEqual({ kind: 'accepted' })
    await again.events.seen('outcome')
    expect(machine.runner.runs).toEqual(['web1', 'later'])
  })

  it('does not start what waits in its queue when it learns it', async () => {
    const machine = aMachine(fleet)
    const gate = await aGate(machine)
    await gate.heartbeat([])
    const restore = await machine.image()
    const held = await gate.heartbeat([])
    await gate.close()
    restore()
    const copy = await aGate(machine)
    machine.runner.hold()
    const [running, waiting] = await Promise.all(
      ['running', 'waiting'].map((word) => fleet.action(fleet.question(word))),
    )
    for (const action of [running, waiting])
      expect(await copy.offerAction(action?.wire as Uint8Array)).toEqual({ kind: 'accepted' })
    await machine.runner.started(1)
    expect(await copy.offerHeartbeat(held)).toBe(true)
    machine.runner.release()
    await copy.events.seen('outcome', 2)
    expect(machine.runner.runs).toEqual(['running'])
    expect((await answersOf(copy))[waiting?.id ?? '']).toMatchObject({ outcome: 'interrupted' })
  })

  it('is not taken for one by what it said itself, by old words, by those of others or by forged ones', async () => {
    const machine = aMachine(fleet)
    const first = await aGate(machine)
    const old = await first.heartbeat([])
    const last = await first.heartbeat([])
    await first.close()
    const gate = await aGate(machine)
    const own = await gate.heartbeat([])
    const other = await aMachine(fleet).start()
    for (let n = 0; n < 5; n++) await other.heartbeat([])
    const foreign = await other.heartbeat([])
    // What it says is ours, the key is not.
    const body = { ...numberOf(own), boot: 99, seq: 99 }
    const forge = (seed: Uint8Array, change: object = {}) =>
      encodeWithCertificate(
        machine.certificateWire,
        sealEnvelope('mig-heartbeat', { ...body, ...change }, seed),
      )
    const { answerSeed } = machine
    for (const wire of [
      old,
      last,
      own,
      foreign,
      forge(new Uint8Array(32).fill(9)),
      forge(answerSeed, { fleet: 'a'.repeat(52) }),
      forge(answerSeed, { serial: 2 }),
      encodeWithCertificate(machine.certificateWire, sealEnvelope('mig-status', body, answerSeed)),
      Uint8Array.of(1, 2, 3),
    ])
      expect(await gate.offerHeartbeat(wire)).toBe(false)
    expect(await gate.identity()).toMatchObject({ rolledBack: false })
    await runsHere(gate, 'still')
    // The forgery is one: with the agent's own key it would have told.
    expect(await gate.offerHeartbeat(forge(answerSeed))).toBe(true)
  })
})
