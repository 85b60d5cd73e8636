import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as allOfKeyspace from '../../node/store/keyspace.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Range } from '../../node/store/store.ts'
import { collect } from './collect.ts'

const keyspace = { ...allOfKeyspace }

const anId = fc.stringMatching(/^[A-Za-z0-9]{1,60}$/)
const aNumber = fc.nat({ max: Number.MAX_SAFE_INTEGER })

const pairFamilies = [
  'cancel',
  'result',
  'status',
  'receipt',
  'orphan',
  'contradiction',
  'fetchedPages',
] as const
const idFamilies = [
  'action',
  'invitation',
  'certificate',
  'heartbeat',
  'expected',
  'replyKey',
  'address',
  'meta',
  'gateAction',
  'outbox',
  'gateMeta',
] as const
const numberFamilies = ['root', 'policy'] as const

/** Any key of the project, with the arguments that made it. */
const aKey: fc.Arbitrary<{ family: string; parts: string[]; key: string }> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...pairFamilies), anId, anId)
    .map(([family, a, b]) => ({ family, parts: [a, b], key: keyspace[family](a, b) })),
  fc
    .tuple(fc.constantFrom(...idFamilies), anId)
    .map(([family, a]) => ({ family, parts: [a], key: keyspace[family](a) })),
  fc
    .tuple(fc.constantFrom(...numberFamilies), aNumber)
    .map(([family, n]) => ({ family, parts: [String(n)], key: keyspace[family](n) })),
  fc
    .tuple(anId, aNumber)
    .map(([a, n]) => ({ family: 'detailPage', parts: [a, String(n)], key: keyspace.detailPage(a, n) })),
  fc.tuple(anId, anId, aNumber).map(([a, b, n]) => ({
    family: 'fetchedPage',
    parts: [a, b, String(n)],
    key: keyspace.fetchedPage(a, b, n),
  })),
)

const rangeOf = (family: string): Range =>
  (keyspace as unknown as Record<string, () => Range>)[`${family}Range`]?.() as Range

describe('keyspace', () => {
  it('makes different keys of different families and ids', () => {
    fc.assert(
      fc.property(aKey, aKey, (a, b) => {
        const isSameSource = a.family === b.family && a.parts.join(' ') === b.parts.join(' ')
        expect(a.key === b.key).toBe(isSameSource)
      }),
    )
  })

  it('finds a family in its range and no other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aKey, { maxLength: 30 }),
        fc.constantFrom(...pairFamilies, ...idFamilies, ...numberFamilies, 'detailPage'),
        async (all, family) => {
          const store = createMemoryStore()
          await store.write(
            all.map(({ key }) => ({ put: key, value: new Uint8Array() })),
            { sync: false },
          )
          const found = await collect(store.keys(rangeOf(family)))
          const own = all.filter((one) => one.family === family).map(({ key }) => key)
          expect(found).toEqual([...new Set(own)].sort())
        },
      ),
    )
  })

  it('finds the answers to one action though another id begins with the same letters', async () => {
    const store = createMemoryStore()
    const keys = ['ab', 'abc', 'aa', 'ab0', 'b'].map((id) => keyspace.result(id, 'peer'))
    await store.write(
      keys.map((put) => ({ put, value: new Uint8Array() })),
      { sync: false },
    )
    expect(await collect(store.keys(keyspace.resultRange('ab')))).toEqual([keyspace.result('ab', 'peer')])
  })

  it.each(['', 'a/b', 'a b', '..', 'a.b', 'ü', 'a\n', 'a'.repeat(129)])('refuses %j as an id', (id) => {
    expect(() => keyspace.action(id)).toThrow(RangeError)
    expect(() => keyspace.result('a', id)).toThrow(RangeError)
    expect(() => keyspace.resultRange(id)).toThrow(RangeError)
  })

  it.each(['', 'a/b', '-a', '.', 'a_b', 'a'.repeat(65)])('refuses %j as a name', (name) => {
    expect(() => keyspace.meta(name)).toThrow(RangeError)
  })

  it.each([-1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])('refuses %d as a version', (version) => {
    expect(() => keyspace.root(version)).toThrow(RangeError)
  })

  it('sorts pages and versions as numbers', () => {
    const pages = [0, 2, 9, 10, 100, 255, Number.MAX_SAFE_INTEGER]
    const keys = pages.map((page) => keyspace.detailPage('a', page))
    expect([...keys].sort()).toEqual(keys)
    expect(keys.map((key) => Number(keyspace.keyParts(key)[1]))).toEqual(pages)
  })
})
