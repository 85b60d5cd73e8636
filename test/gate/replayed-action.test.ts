import { beforeAll, describe, expect, it } from 'vitest'
import { formatInstant } from '../../node/core/instant.ts'
import { at, fingerprintOf } from '../verification/pgp/pgp-kit.ts'
import {
  aMachine,
  answersOf,
  aTestFleet,
  confirmAll,
  givePolicy,
  hours,
  minutes,
  type TestFleet,
  unionOf,
} from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

describe('an action that comes again', () => {
  it('runs once when it is delivered twice, and twice at once', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('web1'))
    const answers = await Promise.all(Array.from({ length: 5 }, () => gate.offerAction(action.wire)))
    expect(answers.map((answer) => answer.kind)).toEqual(['accepted', 'known', 'known', 'known', 'known'])
    await gate.events.seen('outcome')
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'known' })
    expect(machine.runner.runs).toEqual(['web1'])
  })

  it('is known after a restart, whether or not it had finished', async () => {
    const machine = aMachine(fleet)
    const first = await machine.start()
    await givePolicy(first, fleet)
    const done = await fleet.action(fleet.question('done'))
    const stopped = await fleet.action(fleet.question('stopped'))
    const waiting = await fleet.action(fleet.question('waiting'))
    await first.offerAction(done.wire)
    await first.events.seen('outcome')
    machine.runner.hold()
    await first.offerAction(stopped.wire)
    await first.offerAction(waiting.wire)
    await machine.runner.started(2)
    await first.close()

    const second = await machine.start()
    for (const { wire } of [done, stopped, waiting])
      expect(await second.offerAction(wire)).toEqual({ kind: 'known' })
    expect(machine.runner.runs).toEqual(['done', 'stopped'])
    expect(await answersOf(second)).toMatchObject({
      [done.id]: { outcome: 'done' },
      [stopped.id]: { outcome: 'interrupted' },
      [waiting.id]: { outcome: 'interrupted' },
    })
  })

  it('is refused after it was pruned, even with the clock set back an hour, and after a restart', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('web1'))
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    await confirmAll(gate)
    machine.clock.advance(1 * hours + 6 * minutes)
    await gate.events.seen('pruned')
    machine.clock.set(at(0))
    expect(await gate.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'replay-fence' })
    await gate.close()
    const again = await machine.start()
    expect(await again.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'replay-fence' })
    expect(machine.runner.runs).toEqual(['web1'])
  })

  it('is not forgotten while its answer waits, but when its time to live is over', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const lasting = await fleet.action(fleet.question('lasting'))
    const brief = await fleet.action(fleet.question('brief', { resultttl: 60 }))
    await gate.offerAction(lasting.wire)
    await gate.offerAction(brief.wire)
    await gate.events.seen('outcome', 2)
    machine.clock.advance(1 * hours + 6 * minutes)
    expect(await gate.events.seen('pruned')).toEqual({ actions: 1 })
    expect(Object.keys(await answersOf(gate))).toEqual([lasting.id])
    expect(await gate.detailPage(lasting.id, 0)).toBeUndefined()
  })

  it('is refused once it has expired', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('late'))
    machine.clock.set(at(3600 + 301))
    expect(await gate.offerAction(action.wire)).toMatchObject({ kind: 'invalid', code: 'expired' })
    machine.clock.set(at(3600 + 299))
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
  })

  it('does not run when its turn comes after it has expired', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    machine.runner.hold()
    const long = await fleet.action(fleet.question('long', { expireafter: formatInstant(at(4 * 3600)) }))
    const short = await fleet.action(fleet.question('short', { expireafter: formatInstant(at(60)) }))
    await gate.offerAction(long.wire)
    await gate.offerAction(short.wire)
    await machine.runner.started(1)
    machine.clock.advance(1 * hours)
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(machine.runner.runs).toEqual(['long'])
    expect(await answersOf(gate)).toMatchObject({
      [long.id]: { outcome: 'done' },
      [short.id]: { outcome: 'timed-out' },
    })
  })
})

describe('an action that may not run yet', () => {
  it('runs when a full copy comes after a half-signed one was refused (V72)', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const { alice, bob } = fleet.keys
    const operations = [
      { module: 'file', parameters: { searches: { s1: { paths: ['/etc'], names: ['x'] } } } },
    ]
    const body = fleet.question('', { operations })
    const half = await fleet.action(body, alice)
    const otherHalf = await fleet.action(body, bob)
    for (const copy of [half, otherHalf, half])
      expect(await gate.offerAction(copy.wire)).toMatchObject({ kind: 'refused', code: 'not-permitted' })
    // Whose signatures were judged stands in it (protocol 3.9).
    expect(await answersOf(gate)).toMatchObject({
      [half.id]: { status: 'refused', signers: [fingerprintOf(alice)] },
    })
    expect(await gate.offerAction(unionOf(half, otherHalf))).toEqual({ kind: 'accepted' })
    await gate.events.seen('outcome')
    expect(machine.runner.runs).toHaveLength(1)
    expect(await answersOf(gate)).toMatchObject({ [half.id]: { outcome: 'done' } })
    // A half-signed copy that comes last changes nothing.
    expect(await gate.offerAction(half.wire)).toEqual({ kind: 'known' })
  })

  it('is refused again, in the same words, on more signatures: whoever counts waits for that', async () => {
    const gate = await aMachine(fleet).start()
    await givePolicy(gate, fleet)
    const { alice, bob } = fleet.keys
    const body = fleet.question('', { operations: [{ module: 'nosuch', parameters: {} }] })
    const [half, otherHalf] = [await fleet.action(body, alice), await fleet.action(body, bob)]
    await gate.offerAction(half.wire)
    const first = (await answersOf(gate))[half.id]
    await gate.offerAction(half.wire)
    expect((await answersOf(gate))[half.id]).toEqual(first)
    await gate.offerAction(unionOf(half, otherHalf))
    const signers = [alice, bob].map(fingerprintOf).sort()
    expect((await answersOf(gate))[half.id]).toMatchObject({ reason: first?.reason, signers })
  })

  it('does not count one person twice', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const { alice } = fleet.keys
    const operations = [
      { module: 'file', parameters: { searches: { s1: { paths: ['/etc'], names: ['x'] } } } },
    ]
    const twice = await fleet.action(fleet.question('', { operations }), alice, alice)
    expect(await gate.offerAction(twice.wire)).toMatchObject({ kind: 'refused', code: 'not-permitted' })
    expect(machine.runner.runs).toEqual([])
  })

  it('is held until its validfrom and leaves no trace, then runs', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('later', { validfrom: formatInstant(at(600)) }))
    expect(await gate.offerAction(action.wire)).toEqual({
      kind: 'hold',
      code: 'not-yet-valid',
      untilMs: at(600),
    })
    expect(await gate.outbox()).toEqual([])
    machine.clock.advance(10 * minutes)
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    await gate.events.seen('outcome')
    expect(machine.runner.runs).toEqual(['later'])
  })

  it('is held while the policy is behind its policymin, then runs', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    expect(await gate.offerAction((await fleet.action(fleet.question('x'))).wire)).toEqual({
      kind: 'hold',
      code: 'no-policy',
    })
    await givePolicy(gate, fleet)
    const { id: hash } = await fleet.policy(2)
    const action = await fleet.action(fleet.question('newer', { policymin: { version: 2, hash } }))
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'hold', code: 'policy-behind' })
    await givePolicy(gate, fleet, 2)
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    await gate.events.seen('outcome')
    expect(machine.runner.runs).toEqual(['newer'])
  })

  it('is not run, and not answered, where it is not targeted, whatever this agent has forgotten', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    await gate.close()
    machine.loseStore()
    const again = await machine.start()
    await givePolicy(again, fleet)
    const elsewhere = await fleet.action(fleet.question('x', { target: "name = 'db1'" }))
    expect(await again.offerAction(elsewhere.wire)).toEqual({ kind: 'not-targeted' })
    expect(await again.outbox()).toEqual([])
  })

  it('is refused when nothing can be sealed to its reply key', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const replyto = { x25519: Buffer.alloc(32).toString('base64url'), readers: ['A'.repeat(40)] }
    const action = await fleet.action(fleet.question('nobody', { replyto }))
    expect(await gate.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'bad-action' })
    expect(machine.runner.runs).toEqual([])
    await gate.close()
    await machine.start()
  })

  it('is refused as busy beyond the queue, and the queue goes on', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    machine.runner.hold()
    const kinds: string[] = []
    for (let n = 0; n < 34; n++) {
      const { wire } = await fleet.action(fleet.question(`n${n}`))
      kinds.push((await gate.offerAction(wire)).kind)
    }
    expect(kinds.indexOf('refused')).toBe(33)
    machine.runner.release()
    await gate.events.seen('outcome', 33)
    expect(machine.runner.runs).toHaveLength(33)
  })
})
