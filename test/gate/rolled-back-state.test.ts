import { rmSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatInstant } from '../../node/core/instant.ts'
import { at } from '../verification/pgp/pgp-kit.ts'
import {
  aMachine,
  answersOf,
  aTestFleet,
  givePolicy,
  minutes,
  type TestFleet,
  type TestMachine,
} from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

/** Runs one question to its end in a start of its own. */
async function runOne(machine: TestMachine, word: string) {
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  const action = await fleet.action(fleet.question(word))
  expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
  await gate.events.seen('outcome')
  await gate.close()
  return action
}

/** A question that was asked long enough after a loss. */
const laterQuestion = (word: string) =>
  fleet.question(word, { issuedat: formatInstant(at(600)), validfrom: formatInstant(at(600)) })

describe('a gate whose state is not what it was', () => {
  it('takes a first start for what it is', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    expect(await gate.identity()).toMatchObject({ boot: 1, rolledBack: false, policyVersion: 0 })
    await gate.close()
    const second = await machine.start()
    expect(await second.identity()).toMatchObject({ boot: 2, rolledBack: false })
  })

  it.each([
    ['an older copy of the store from an earlier start', 'across'],
    ['an older copy of the store from the same start', 'within'],
    ['no store', 'lost'],
    ['no counter outside', 'no-outside'],
    ['an older copy of the store and no counter outside', 'neither'],
  ])('runs nothing twice with %s', async (_, what) => {
    const machine = aMachine(fleet)
    await runOne(machine, 'before')
    let restore = await machine.backUp()
    let action = await runOne(machine, 'web1')
    if (what === 'within') {
      const gate = await machine.start()
      // A copy of files that LevelDB has open is whole: it only ever appends to its log.
      restore = await machine.backUp()
      action = await fleet.action(fleet.question('within'))
      await gate.offerAction(action.wire)
      await gate.events.seen('outcome')
      await gate.close()
    }
    const runsBefore = [...machine.runner.runs]
    if (what === 'lost') machine.loseStore()
    else if (what !== 'no-outside') restore()
    if (what === 'no-outside' || what === 'neither') machine.loseOutside()

    const gate = await machine.start()
    expect(await gate.identity()).toMatchObject({ rolledBack: true })
    await givePolicy(gate, fleet)
    const answer = await gate.offerAction(action.wire)
    expect(answer).toMatchObject(
      what === 'no-outside' ? { kind: 'known' } : { kind: 'refused', code: 'replay-fence' },
    )
    // The fence holds at the next start too, which finds both counters equal again …
    await gate.close()
    const next = await machine.start()
    expect(await next.identity()).toMatchObject({ rolledBack: false })
    expect(await next.offerAction(action.wire)).toEqual(answer)
    expect(machine.runner.runs).toEqual(runsBefore)
    // … and what was asked after the loss runs.
    machine.clock.advance(10 * minutes)
    const later = await fleet.action(laterQuestion('later'))
    expect(await next.offerAction(later.wire)).toEqual({ kind: 'accepted' })
    await next.events.seen('outcome')
    expect(machine.runner.runs).toEqual([...runsBefore, 'later'])
  })

  it('never counts its starts backwards, so that its heartbeats stay the latest', async () => {
    const machine = aMachine(fleet)
    const boots: number[] = []
    const startOnce = async () => {
      const gate = await machine.start()
      boots.push((await gate.identity()).boot)
      await gate.close()
    }
    await startOnce()
    const restore = await machine.backUp()
    for (let n = 0; n < 4; n++) await startOnce()
    restore()
    await startOnce()
    machine.loseStore()
    await startOnce()
    await startOnce()
    expect(boots).toEqual([...new Set(boots)].sort((a, b) => a - b))
  })

  it('does not take the count of an agent that was enrolled here before for its own', async () => {
    const before = aMachine(fleet)
    const gate = await before.start()
    await givePolicy(gate, fleet, 7)
    await gate.close()
    rmSync(before.path, { recursive: true })
    const other = await aTestFleet()
    const next = await aMachine(other, before.path).start()
    expect(await next.identity()).toMatchObject({ boot: 1, rolledBack: false })
    await givePolicy(next, other)
    const action = await other.action(other.question('web1'))
    expect(await next.offerAction(action.wire)).toEqual({ kind: 'accepted' })
  })

  it('is not taken for rolled back when it was killed between the two counters', async () => {
    const machine = aMachine(fleet)
    await runOne(machine, 'web1')
    const gate = await machine
      .start({
        wrapOutside: (outside) => ({
          read: outside.read,
          write: async (record) =>
            record.step === 4 ? Promise.reject(new Error('killed here')) : outside.write(record),
        }),
      })
      .catch((error: Error) => error)
    // Start 2 has step 3; its first acceptance is step 4.
    if (gate instanceof Error) throw gate
    const action = await fleet.action(fleet.question('cut'))
    await expect(gate.offerAction(action.wire)).rejects.toThrow('killed here')
    await gate.close()
    const next = await machine.start()
    expect(await next.identity()).toMatchObject({ rolledBack: false })
  })

  it('has not accepted what it could not count outside', async () => {
    const machine = aMachine(fleet)
    await runOne(machine, 'web1')
    let isBroken = false
    const gate = await machine.start({
      wrapOutside: (outside) => ({
        read: outside.read,
        write: async (record) => (isBroken ? Promise.reject(new Error('read-only')) : outside.write(record)),
      }),
    })
    const action = await fleet.action(fleet.question('again'))
    isBroken = true
    await expect(gate.offerAction(action.wire)).rejects.toThrow('read-only')
    expect(machine.runner.runs).toEqual(['web1'])
    const another = await fleet.action(fleet.question('never'))
    await expect(gate.offerAction(another.wire)).rejects.toThrow('read-only')
    isBroken = false
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    await gate.events.seen('outcome', 1)
    expect(machine.runner.runs).toEqual(['web1', 'again'])
    expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'done' } })
    // Nor does a restart find anything of the other one.
    await gate.close()
    const next = await machine.start()
    expect(await next.identity()).toMatchObject({ rolledBack: false })
    expect(Object.keys(await answersOf(next))).not.toContain(another.id)
  })
})
