import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { MigError } from '../../node/core/error.ts'
import { gateAction, gateMeta, outbox } from '../../node/store/keyspace.ts'
import { openLevelStore } from '../../node/store/level-store.ts'
import type { Store } from '../../node/store/store.ts'
import { aMachine, answersOf, aTestFleet, givePolicy, minutes, type TestFleet } from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

/** A store whose disk is full while `isFull`. */
function fillable(isFull: (keys: readonly string[]) => boolean) {
  return (store: Store): Store => ({
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    keys: (range) => store.keys(range),
    close: () => store.close(),
    async write(changes, options) {
      const keys = changes.map((change) => ('put' in change ? change.put : change.delete))
      if (isFull(keys)) throw new MigError('disk-full', 'no room')
      return store.write(changes, options)
    },
  })
}

describe('a gate whose disk is full', () => {
  it.each(['little room', 'no room'])('refuses with a reason and without effect: %s', async (how) => {
    const machine = aMachine(fleet)
    let isFull = false
    const gate = await machine.start({
      checkSpace: async () => {
        if (isFull && how === 'little room') throw new MigError('disk-full', '3 MB are free')
      },
      wrapStore: fillable(() => isFull && how === 'no room'),
    })
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('web1'))
    isFull = true
    expect(await gate.offerAction(action.wire)).toMatchObject({ kind: 'refused', code: 'disk-full' })
    expect(await answersOf(gate)).toMatchObject({ [action.id]: { status: 'refused' } })
    expect(machine.runner.runs).toEqual([])
    isFull = false
    expect(await gate.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    await gate.events.seen('outcome')
    expect(machine.runner.runs).toEqual(['web1'])
    await gate.close()
    expect(await (await machine.start()).identity()).toMatchObject({ rolledBack: false })
  })

  it.each(['there is room again', 'it starts again'])(
    'still ends what it had accepted, once %s',
    async (when) => {
      const machine = aMachine(fleet)
      let isFull = true
      const gate = await machine.start({
        wrapStore: fillable((keys) => isFull && keys.some((key) => key.startsWith('outbox'))),
      })
      await givePolicy(gate, fleet)
      const action = await fleet.action(fleet.question('web1'))
      await gate.offerAction(action.wire)
      await gate.events.seen('outcome-not-written')
      machine.clock.advance(1 * minutes)
      await gate.events.seen('outcome-not-written', 2)
      expect(await gate.offerAction(action.wire)).toEqual({ kind: 'known' })
      isFull = false
      if (when === 'it starts again') {
        await gate.close()
        const again = await machine.start()
        expect(await answersOf(again)).toMatchObject({ [action.id]: { outcome: 'interrupted' } })
      } else {
        await expect
          .poll(() => {
            machine.clock.advance(1 * minutes)
            return gate.events.all.some(([event]) => event === 'outcome')
          })
          .toBe(true)
        expect(await answersOf(gate)).toMatchObject({ [action.id]: { outcome: 'failed' } })
      }
      expect(machine.runner.runs).toEqual(['web1'])
    },
  )
})

describe('a gate whose store is damaged', () => {
  async function damaged(key: (actionId: string) => string, value: string) {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    const action = await fleet.action(fleet.question('web1'))
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    await gate.close()
    const store = await openLevelStore(join(machine.path, 'store'))
    await store.write([{ put: key(action.id), value: Buffer.from(value) }], { sync: true })
    await store.close()
    return { machine, action }
  }

  it.each([
    ['an action', gateAction],
    ['the floor', () => gateMeta('floor')],
  ])('does not start and says what to do: %s', async (_, key) => {
    const { machine, action } = await damaged(key, '{"id":"x"}')
    await expect(machine.start()).rejects.toMatchObject({
      code: 'store-damaged',
      hint: expect.stringMatching(/gate\/store .* aside/),
    })
    // What the hint says helps, and nothing runs twice.
    machine.loseStore()
    const gate = await machine.start()
    await givePolicy(gate, fleet)
    expect(await gate.offerAction(action.wire)).toMatchObject({ code: 'replay-fence' })
    expect(machine.runner.runs).toEqual(['web1'])
  })

  it('takes damaged counters for a rollback', async () => {
    const { machine } = await damaged(() => gateMeta('steps'), 'null')
    expect(await (await machine.start()).identity()).toMatchObject({ rolledBack: true })
  })

  it('hands out the other answers when one cannot be read', async () => {
    const machine = aMachine(fleet)
    const actions = await Promise.all(['web1', 'web2'].map((word) => fleet.action(fleet.question(word))))
    const gate = await machine.start({
      wrapStore: (store) => ({
        entries: (range) => store.entries(range),
        keys: (range) => store.keys(range),
        close: () => store.close(),
        write: (changes, options) => store.write(changes, options),
        async get(key) {
          if (key === outbox(actions[0]?.id ?? ''))
            throw new MigError('store-damaged', 'not what was written')
          return store.get(key)
        },
      }),
    })
    await givePolicy(gate, fleet)
    for (const { wire } of actions) await gate.offerAction(wire)
    await gate.events.seen('outcome', 2)
    expect(Object.keys(await answersOf(gate))).toEqual([actions[1]?.id])
  })
})
