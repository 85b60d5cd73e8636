import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openLevelStore } from '../../node/store/level-store.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Change, Range, Store } from '../../node/store/store.ts'
import { collect } from './collect.ts'
import { scratchDirectory } from './scratch.ts'

/** Few, so that operations meet. */
const aKey = fc.constantFrom('!', 'a', 'a!', 'a/', 'a/b', 'a/c', 'a0', 'b', 'b/a', 'b/~', 'c')
const aBound = fc.oneof(aKey, fc.constantFrom('', 'b/', 'b0', '~~~~'))
const aValue = fc.uint8Array({ maxLength: 40 })
const aChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ put: aKey, value: aValue }),
  fc.record({ delete: aKey }),
)
const aRange: fc.Arbitrary<Range> = fc.oneof(
  fc.constantFrom<Range>(
    { from: '', to: '~' },
    { from: '', to: '~', limit: 2 },
    { from: 'a', to: '~', limit: 2, reverse: true },
  ),
  fc.record(
    { from: aBound, to: aBound, limit: fc.nat({ max: 5 }), reverse: fc.boolean() },
    { requiredKeys: ['from', 'to'] },
  ),
)
const aStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      changes: fc.array(aChange, { maxLength: 8 }),
      sync: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), key: aKey }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('entries' as const), range: aRange }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('keys' as const), range: aRange }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      range: aRange,
      changes: fc.array(aChange, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bad' as const),
      changes: fc.array(aChange, { maxLength: 3 }),
      key: fc.constantFrom('', 'ü', 'a b', '\x00identity', 'a'.repeat(513)),
    }),
  },
)
type Step = typeof aStep extends fc.Arbitrary<infer T> ? T : never

async function play(store: Store, step: Step): Promise<unknown> {
  switch (step.kind) {
    case 'write':
      return await store.write(step.changes, { sync: step.sync })
    case 'get':
      return await store.get(step.key)
    case 'entries':
      return await collect(store.entries(step.range))
    case 'keys':
      return await collect(store.keys(step.range))
    case 'snapshot': {
      const seen: unknown[] = []
      for await (const entry of store.entries(step.range)) {
        if (seen.length === 0) await store.write(step.changes, { sync: false })
        seen.push(entry)
      }
      return seen
    }
    case 'bad':
      return await store
        .write([...step.changes, { put: step.key, value: new Uint8Array() }], { sync: true })
        .catch((error: unknown) => error instanceof RangeError)
  }
}

describe('the store in memory and the store on disk', () => {
  it('agree on every sequence of operations, also after reopening', async () => {
    const root = scratchDirectory()
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const directory = join(root, String(runs++))
        const memory = createMemoryStore()
        let disk = await openLevelStore(directory)
        try {
          for (const step of steps) expect(await play(disk, step)).toEqual(await play(memory, step))
          await disk.close()
          disk = await openLevelStore(directory)
          const all = { from: '', to: '\x7f' }
          expect(await collect(disk.entries(all))).toEqual(await collect(memory.entries(all)))
        } finally {
          await disk.close()
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)
})
