import { beforeAll, describe, expect, it } from 'vitest'
import { createPacedGate } from '../../node/roles/paced-gate.ts'
import { systemClock } from '../../node/system/system-clock.ts'
import { aMachine, aTestFleet, confirmAll, givePolicy, type TestFleet } from '../gate/gate-kit.ts'

const always = () => true
const never = new AbortController().signal

describe('a gate for a visit that has an end', () => {
  let fleet: TestFleet
  beforeAll(async () => {
    fleet = await aTestFleet()
  })

  async function aPacedGate() {
    const machine = aMachine(fleet)
    const real = await machine.start()
    const gate = createPacedGate(real, systemClock)
    await givePolicy(gate, fleet)
    return { machine, real, gate }
  }

  it('begins nothing by itself, then one after another', async () => {
    const { machine, real, gate } = await aPacedGate()
    machine.runner.hold()
    for (const word of ['one', 'two']) {
      const { wire } = await fleet.action(fleet.question(word))
      expect(await gate.offerAction(wire)).toEqual({ kind: 'hold', code: 'in-turn' })
    }
    expect(machine.runner.runs).toEqual([])
    const ran = gate.runPending(always, never)
    await machine.runner.started(1)
    expect(await real.progress()).toMatchObject({ unfinished: 1 })
    expect(gate.hasPending()).toBe(true)
    machine.runner.release()
    expect(await ran).toBe(2)
    expect(machine.runner.runs).toHaveLength(2)
    expect(await real.progress()).toEqual({ unfinished: 0, waiting: 2 })
    expect(gate.hasPending()).toBe(false)
  })

  it('leaves to the next visit what it may not begin any more', async () => {
    const { machine, real, gate } = await aPacedGate()
    for (const word of ['one', 'two', 'three'])
      await gate.offerAction((await fleet.action(fleet.question(word))).wire)
    let left = 2
    expect(await gate.runPending(() => left-- > 0, never)).toBe(2)
    expect(machine.runner.runs).toHaveLength(2)
    expect(await real.progress()).toEqual({ unfinished: 0, waiting: 2 })
    expect(gate.hasPending()).toBe(true)
  })

  it('stops waiting when it is told to', async () => {
    const { machine, gate } = await aPacedGate()
    machine.runner.hold()
    await gate.offerAction((await fleet.action(fleet.question('one'))).wire)
    const stop = new AbortController()
    const ran = gate.runPending(always, stop.signal)
    await machine.runner.started(1)
    stop.abort()
    expect(await ran).toBe(1)
    machine.runner.release()
  })

  it('shows the outbox whole, again after it has changed', async () => {
    const { gate } = await aPacedGate()
    expect(await gate.outbox()).toEqual([])
    await gate.offerAction((await fleet.action(fleet.question('one'))).wire)
    await gate.runPending(always, never)
    expect(await gate.outbox()).toHaveLength(1)
    expect(await gate.outbox()).toBe(await gate.outbox())
    await confirmAll(gate)
    expect(await gate.outbox()).toEqual([])
  })
})
