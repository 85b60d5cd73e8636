import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mark } from '../../node/sync/mark.ts'
import { MarkTree } from '../../node/sync/mark-tree.ts'
import { aMark, markUnder, someMarks } from './marks.ts'

/** Some share long beginnings, so that deep trees come up. */
const mark = fc.oneof(
  fc.nat(400).map(aMark),
  fc.nat(200).map((number) => markUnder('abcdefab', number)),
)
const step = fc.record({ adds: fc.boolean(), mark })
const prefix = mark.chain((one) => fc.nat(10).map((length) => one.slice(0, length)))

function after(steps: readonly { readonly adds: boolean; readonly mark: Mark }[]) {
  const tree = new MarkTree()
  const model = new Set<Mark>()
  for (const { adds, mark } of steps) {
    const changed = adds ? tree.add(mark) : tree.remove(mark)
    expect(changed).toBe(adds ? !model.has(mark) : model.has(mark))
    if (adds) model.add(mark)
    else model.delete(mark)
  }
  return { tree, model: [...model].sort() }
}

const steps = fc.array(step, { maxLength: 600, size: 'max' })

test('it holds what a plain set holds, in ascending order, under every prefix', () => {
  fc.assert(
    fc.property(steps, prefix, (taken, prefix) => {
      const { tree, model } = after(taken)
      expect(tree.size).toBe(model.length)
      expect([...tree.under('')]).toEqual(model)
      const under = model.filter((mark) => mark.startsWith(prefix))
      expect([...tree.under(prefix)]).toEqual(under)
      expect(tree.count(prefix)).toBe(under.length)
      for (const { mark } of taken) expect(tree.has(mark)).toBe(model.includes(mark))
    }),
    { numRuns: 60 },
  )
})

test('fingerprints depend on the set alone, not on how it came to be', () => {
  fc.assert(
    fc.property(steps, prefix, (taken, prefix) => {
      const { tree, model } = after(taken)
      const fresh = MarkTree.of([...model].reverse())
      expect(tree.fingerprint(prefix)).toBe(fresh.fingerprint(prefix))
      expect(tree.fingerprint('')).toBe(fresh.fingerprint(''))
      // The same part of another set that agrees under the prefix.
      const part = MarkTree.of(model.filter((mark) => mark.startsWith(prefix)))
      expect(part.fingerprint(prefix)).toBe(fresh.fingerprint(prefix))
    }),
    { numRuns: 60 },
  )
})

test('sets that differ in one mark differ in every fingerprint on its path, and in no other', () => {
  fc.assert(
    fc.property(steps, mark, (taken, other) => {
      const { tree, model } = after(taken)
      fc.pre(!model.includes(other))
      const changed = MarkTree.of([...model, other])
      for (let digits = 0; digits < 12; digits++) {
        const prefix = other.slice(0, digits)
        expect(changed.fingerprint(prefix)).not.toBe(tree.fingerprint(prefix))
        for (const digit of '0123456789abcdef') {
          if (digit !== other[digits])
            expect(changed.fingerprint(prefix + digit)).toBe(tree.fingerprint(prefix + digit))
        }
      }
      changed.remove(other)
      expect(changed.fingerprint('')).toBe(tree.fingerprint(''))
    }),
    { numRuns: 60 },
  )
})

test('what is empty has no fingerprint, also when it was not always empty', () => {
  const tree = MarkTree.of(someMarks(0, 40))
  expect(tree.fingerprint('')).toMatch(/^[0-9a-f]{64}$/)
  for (const mark of someMarks(0, 40)) tree.remove(mark)
  expect(tree.fingerprint('')).toBe('')
})
