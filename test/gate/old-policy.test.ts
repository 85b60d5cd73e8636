import { beforeAll, describe, expect, it } from 'vitest'
import { at } from '../verification/pgp/pgp-kit.ts'
import { aMachine, aTestFleet, givePolicy, type TestFleet } from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

describe('the fleet’s rules at the gate', () => {
  it('only go forward, also after a restart', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet, 3)
    const older = await fleet.policy(2)
    const other = await fleet.policy(3, { stop: [] })
    for (const [policy, code] of [
      [older, 'older'],
      [other, 'equivocation'],
    ] as const)
      expect(await gate.offerPolicy(fleet.rootWire, policy.wire)).toMatchObject({ kind: 'not-taken', code })
    await gate.close()
    const again = await machine.start()
    expect(await again.identity()).toMatchObject({ policyVersion: 3 })
    for (const [policy, code] of [
      [older, 'older'],
      [other, 'equivocation'],
    ] as const)
      expect(await again.offerPolicy(fleet.rootWire, policy.wire)).toMatchObject({ kind: 'not-taken', code })
    expect(await again.offerPolicy(fleet.rootWire, (await fleet.policy(3)).wire)).toEqual({
      kind: 'had',
      version: 3,
    })
  })

  it.each(['restored', 'lost'])('only go forward with a %s store', async (how) => {
    const machine = aMachine(fleet)
    const first = await machine.start()
    await givePolicy(first, fleet, 2)
    await first.close()
    const restore = await machine.backUp()
    const second = await machine.start()
    await givePolicy(second, fleet, 3)
    await second.close()
    if (how === 'lost') machine.loseStore()
    else restore()

    const gate = await machine.start()
    // It does not go on under version 2, although that is what its store holds.
    expect(await gate.identity()).toMatchObject({ rolledBack: true, policyVersion: 0 })
    expect(await gate.offerPolicy(fleet.rootWire, (await fleet.policy(2)).wire)).toMatchObject({
      code: 'older',
    })
    const other = await fleet.policy(3, { stop: [] })
    expect(await gate.offerPolicy(fleet.rootWire, other.wire)).toMatchObject({ code: 'equivocation' })
    expect(await gate.offerPolicy(fleet.rootWire, (await fleet.policy(3)).wire)).toEqual({
      kind: 'taken',
      version: 3,
    })
  })

  it('end with the highest version when several come at once', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    const policies = await Promise.all([2, 5, 3, 4].map((version) => fleet.policy(version)))
    await Promise.all(policies.map((policy) => gate.offerPolicy(fleet.rootWire, policy.wire)))
    expect(await gate.identity()).toMatchObject({ policyVersion: 5 })
    await gate.close()
    expect(await (await machine.start()).identity()).toMatchObject({ policyVersion: 5, rolledBack: false })
  })

  it('count outside once they are in the store, even after a kill between the two', async () => {
    const machine = aMachine(fleet)
    const first = await machine.start()
    await givePolicy(first, fleet, 2)
    await first.close()
    const restore = await machine.backUp()
    const cut = await machine.start({
      wrapOutside: (outside) => ({
        read: outside.read,
        write: async (record) =>
          record.policyVersion > 2 ? Promise.reject(new Error('killed here')) : outside.write(record),
      }),
    })
    await expect(givePolicy(cut, fleet, 3)).rejects.toThrow('killed here')
    await cut.close()
    const next = await machine.start()
    expect(await next.identity()).toMatchObject({ policyVersion: 3 })
    await next.close()
    restore()
    expect(await (await machine.start()).identity()).toMatchObject({ policyVersion: 0 })
  })

  it('still hold after a restart with the clock set back', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    await gate.close()
    machine.clock.set(at(-2 * 3600))
    expect(await (await machine.start()).identity()).toMatchObject({ policyVersion: 1 })
  })

  it('are not taken from another fleet', async () => {
    const other = await aTestFleet()
    const gate = await aMachine(fleet).start()
    const answer = await gate.offerPolicy(other.rootWire, (await other.policy(1)).wire)
    expect(answer).toMatchObject({ kind: 'not-taken', code: 'wrong-fleet' })
  })
})
