import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { aMachine, aTestFleet, givePolicy, type TestFleet } from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

describe('a gate whose log on the disk has changed', () => {
  it.each([0.1, 0.5, 0.9])('runs nothing twice: a bit flipped at %d of the log', async (part) => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const actions = []
    for (let n = 0; n < 30; n++) {
      const action = await fleet.action(fleet.question(`n${n}`))
      actions.push(action)
      await gate.offerAction(action.wire)
      await gate.events.seen('outcome', n + 1)
    }
    await gate.close()
    const store = join(machine.path, 'store')
    const log = readdirSync(store).find((name) => name.endsWith('.log')) as string
    const bytes = readFileSync(join(store, log))
    const at = Math.floor(bytes.length * part)
    bytes[at] = (bytes[at] as number) ^ 1
    writeFileSync(join(store, log), bytes)

    const again = await machine.start()
    expect(await again.identity()).toMatchObject({ rolledBack: true })
    await givePolicy(again, fleet)
    const kinds = new Set<string>()
    for (const { wire } of actions) kinds.add((await again.offerAction(wire)).kind)
    expect(kinds).toEqual(new Set(['known', 'refused']))
    expect(machine.runner.runs).toHaveLength(30)
  })
})
