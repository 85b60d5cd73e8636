import { beforeAll, describe, expect, it } from 'vitest'
import { at, fingerprintOf } from '../verification/pgp/pgp-kit.ts'
import { aMachine, answersOf, aTestFleet, givePolicy, hours, type TestFleet } from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

async function aGate() {
  const machine = aMachine(fleet)
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  return { machine, gate }
}

/** alice drafts, so that alice may stop it. */
const aStoppable = (word: string) =>
  fleet.action(fleet.question(word, { stoppers: [fingerprintOf(fleet.keys.alice)] }))

describe('a cancel (T37)', () => {
  it('blocks an action that comes after it, also when it came twice', async () => {
    const { machine, gate } = await aGate()
    const action = await aStoppable('web1')
    const cancel = await fleet.cancel(action.id, fleet.keys.alice)
    expect(await gate.offerCancel(cancel.wire)).toEqual({ kind: 'kept' })
    expect(await gate.offerCancel(cancel.wire)).toEqual({ kind: 'kept' })
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'cancelled' } })
    expect(machine.runner.runs).toEqual([])
    expect(await gate.offerCancel(cancel.wire)).toEqual({ kind: 'too-late' })
  })

  it('stops an action that runs, and the next one has its turn', async () => {
    const { machine, gate } = await aGate()
    machine.runner.hold()
    const [running, next] = [await aStoppable('running'), await aStoppable('next')]
    await gate.offerAction(running.wire)
    await gate.offerAction(next.wire)
    await machine.runner.started(1)
    expect(await gate.offerCancel((await fleet.cancel(running.id, fleet.keys.alice)).wire)).toEqual({
      kind: 'stopped',
    })
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(await answersOf(gate)).toMatchObject({
      [running.id]: { outcome: 'cancelled' },
      [next.id]: { outcome: 'done' },
    })
  })

  it('takes an action out of the queue', async () => {
    const { machine, gate } = await aGate()
    machine.runner.hold()
    const [running, waiting] = [await aStoppable('running'), await aStoppable('waiting')]
    await gate.offerAction(running.wire)
    await gate.offerAction(waiting.wire)
    await gate.offerCancel((await fleet.cancel(waiting.id, fleet.keys.carol)).wire)
    machine.runner.release()
    await gate.events.seen('outcome', 2)
    expect(machine.runner.runs).toEqual(['running'])
    expect(await answersOf(gate)).toMatchObject({ [waiting.id]: { outcome: 'cancelled' } })
  })

  it('stops an action that is being accepted at that moment', async () => {
    const { machine, gate } = await aGate()
    for (let n = 0; n < 20; n++) {
      machine.runner.hold()
      const action = await aStoppable('web1')
      const cancel = await fleet.cancel(action.id, fleet.keys.alice)
      const offered = gate.offerAction(action.wire)
      // Ever later: before, inside and after the two synced writes of the acceptance.
      for (let step = 0; step < n; step++) await new Promise((resolve) => setImmediate(resolve))
      await gate.offerCancel(cancel.wire)
      await offered
      machine.runner.release()
      await gate.events.seen('outcome', n + 1)
      expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'cancelled' } })
    }
  })

  it('changes nothing after the end', async () => {
    const { gate } = await aGate()
    const action = await aStoppable('web1')
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    expect(await gate.offerCancel((await fleet.cancel(action.id, fleet.keys.alice)).wire)).toEqual({
      kind: 'too-late',
    })
    expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'done' } })
  })

  it('is not taken from a person who is no stopper, before or during', async () => {
    const { machine, gate } = await aGate()
    const action = await aStoppable('web1')
    const cancel = await fleet.cancel(action.id, fleet.keys.bob)
    expect(await gate.offerCancel(cancel.wire)).toEqual({ kind: 'kept' })
    machine.runner.hold()
    await gate.offerAction(action.wire)
    await machine.runner.started(1)
    expect(await gate.offerCancel(cancel.wire)).toMatchObject({ kind: 'invalid', code: 'not-permitted' })
    machine.runner.release()
    await gate.events.seen('outcome')
    expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'done' } })
  })

  it('is kept 64 times a person, once an action, and no longer than any action lives', async () => {
    const { machine, gate } = await aGate()
    const stranger = async (n: number, key = fleet.keys.bob) => {
      const { id } = await fleet.action(fleet.question(`n${n}`))
      return (await fleet.cancel(id, key)).wire
    }
    const first = await stranger(0)
    for (let n = 0; n < 70; n++) await gate.offerCancel(first)
    for (let n = 1; n < 64; n++) expect(await gate.offerCancel(await stranger(n))).toEqual({ kind: 'kept' })
    expect(await gate.offerCancel(await stranger(64))).toMatchObject({ kind: 'invalid', code: 'no-room' })
    // One person's flood leaves the others their room.
    expect(await gate.offerCancel(await stranger(65, fleet.keys.alice))).toEqual({ kind: 'kept' })
    machine.clock.advance(8 * 24 * hours)
    const { id } = await fleet.action(fleet.question('next week'))
    const later = await fleet.cancel(id, fleet.keys.bob, at(8 * 86_400))
    expect(await gate.offerCancel(later.wire)).toEqual({ kind: 'kept' })
  })

  it('is ignored when its signature is not over it', async () => {
    const { machine, gate } = await aGate()
    const action = await aStoppable('web1')
    const { wire } = await fleet.cancel(action.id, fleet.keys.alice)
    const forged = Uint8Array.from(wire)
    const at = forged.length - 8
    forged[at] = (forged[at] ?? 0) ^ 1
    expect(await gate.offerCancel(forged)).toMatchObject({ kind: 'invalid' })
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    expect(machine.runner.runs).toEqual(['web1'])
  })
})
