import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLevelStore } from '../../node/store/level-store.ts'
import { buildChild, startChild } from './child.ts'
import { collect } from './collect.ts'
import { scratchDirectory } from './scratch.ts'

const rounds = 5

describe('a writer that is killed in the middle', () => {
  it.each(['sync', 'no-sync'])(
    'has lost nothing acknowledged and left no half batch (%s)',
    async (mode) => {
      const path = join(scratchDirectory(), 'store')
      const script = await buildChild('writer')
      const acknowledged = new Set<string>()
      for (let round = 0; round < rounds; round++) {
        const child = startChild(script, [path, mode, String(round * 1_000_000)])
        for (let n = 0; n < 40 + round * 97; n++) acknowledged.add((await child.nextLine()) ?? 'ended early')
        for (const line of await child.kill()) acknowledged.add(line)

        const store = await openLevelStore(path)
        expect(store.opening).toMatchObject({ wasCreated: false, wasLost: false, wasRepaired: false })
        const numbersOf = async (family: string) =>
          (await collect(store.keys({ from: `${family}/`, to: `${family}0` }))).map((key) => key.slice(2))
        const first = await numbersOf('a')
        expect(await numbersOf('b')).toEqual(first)
        const found = new Set(first)
        expect([...acknowledged].filter((number) => !found.has(number))).toEqual([])
        expect((await store.check()).damaged).toBe(0)
        await store.close()
      }
      expect(acknowledged.size).toBeGreaterThan(40 * rounds)
    },
    60_000,
  )
})
