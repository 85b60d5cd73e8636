import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Acl, weigh } from '../../node/core/acl.ts'

const names = ['ada', 'bob', 'cyd', 'dan', 'eve']
const modules = ['file', 'netstat', 'memory', 'default']
const grant = fc.record({
  minimumWeight: fc.integer({ min: 1, max: 12 }),
  weights: fc
    .dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 5 }))
    .map((weights) => new Map(Object.entries(weights))),
})
const acl: fc.Arbitrary<Acl> = fc
  .dictionary(fc.constantFrom(...modules), grant)
  .map((entries) => new Map(Object.entries(entries)))
const persons = fc.subarray(names).map((some) => new Set(some))
const module = fc.constantFrom('file', 'netstat', 'memory', 'other')

test('one more person never turns granted into refused, and never lowers the sum', () => {
  fc.assert(
    fc.property(
      acl,
      module,
      fc.boolean(),
      persons,
      fc.constantFrom(...names),
      (rules, name, sensitive, some, another) => {
        const before = weigh(rules, name, sensitive, some)
        const after = weigh(rules, name, sensitive, new Set([...some, another]))
        if (before.kind === 'granted') expect(after.kind).toBe('granted')
        if (before.kind !== 'no-entry' && after.kind !== 'no-entry')
          expect(after.weight).toBeGreaterThanOrEqual(before.weight)
      },
    ),
  )
})

test('nobody is ever granted anything by nobody', () => {
  fc.assert(
    fc.property(acl, module, fc.boolean(), (rules, name, sensitive) => {
      expect(weigh(rules, name, sensitive, new Set()).kind).not.toBe('granted')
    }),
  )
})

test('what is granted is granted by the sum of an entry, never by default to a sensitive module', () => {
  fc.assert(
    fc.property(acl, module, fc.boolean(), persons, (rules, name, sensitive, some) => {
      const weighing = weigh(rules, name, sensitive, some)
      if (weighing.kind !== 'granted') return
      const entry = rules.get(name) ?? rules.get('default')
      const sum = [...some].map((person) => entry?.weights.get(person) ?? 0).reduce((a, b) => a + b, 0)
      expect(weighing).toEqual({ kind: 'granted', weight: sum, needed: entry?.minimumWeight })
      expect(sum).toBeGreaterThanOrEqual(weighing.needed)
      if (sensitive) expect(rules.has(name)).toBe(true)
    }),
  )
})
