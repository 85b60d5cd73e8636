import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, account, accountingLine, exitCodeOf, type Line } from '../../node/core/accounting.ts'
import { outcomes, statusKinds } from '../../node/core/outcome.ts'
import type { PeerId } from '../../node/core/peer-id.ts'

const peer = (name: string) => `peer-of-${name}` as PeerId
const expectedOf = (...names: string[]) => names.map((name) => ({ peer: peer(name), name }))
const accountOf = (names: readonly string[], answers: Record<string, Answer>) =>
  account(
    expectedOf(...names),
    new Map(Object.entries(answers).map(([name, answer]) => [peer(name), answer])),
    (id) => id.replace('peer-of-', ''),
  )
const names = (lines: readonly Line[]) => lines.map((line) => line.name)
const done = (found = false): Answer => ({ kind: 'outcome', outcome: 'done', found })

test.each<[string, Answer | undefined, 'answered' | 'failed' | 'refused' | 'silent', string]>([
  ['nothing', undefined, 'silent', 'no answer yet'],
  ['done', done(), 'answered', 'done'],
  [
    'failed',
    { kind: 'outcome', outcome: 'failed', found: false, reason: 'no such module' },
    'failed',
    'failed: no such module',
  ],
  ['timed-out', { kind: 'outcome', outcome: 'timed-out', found: true }, 'failed', 'timed-out'],
  ['interrupted', { kind: 'outcome', outcome: 'interrupted', found: false }, 'failed', 'interrupted'],
  ['cancelled', { kind: 'outcome', outcome: 'cancelled', found: false }, 'refused', 'cancelled'],
  ['accepted', { kind: 'status', status: 'accepted', reason: '' }, 'silent', 'accepted'],
  ['running', { kind: 'status', status: 'running', reason: '' }, 'silent', 'running'],
  [
    'refused',
    { kind: 'status', status: 'refused', reason: 'weight 2 of 3' },
    'refused',
    'refused: weight 2 of 3',
  ],
  ['not-targeted', { kind: 'status', status: 'not-targeted', reason: '' }, 'refused', 'not-targeted'],
  ['busy', { kind: 'status', status: 'busy', reason: '' }, 'refused', 'busy'],
  ['cancelled before it ran', { kind: 'status', status: 'cancelled', reason: '' }, 'refused', 'cancelled'],
])('puts an agent that said %s into its group, with a note', (_, answer, group, note) => {
  const accounting = accountOf(['web1'], answer === undefined ? {} : { web1: answer })
  expect(accounting[group]).toMatchObject([{ name: 'web1', note }])
})

test('counts only the hits of those who are done', () => {
  const partial: Answer = { kind: 'outcome', outcome: 'failed', found: true }
  expect(accountOf(['a', 'b', 'c'], { a: done(true), b: done(false), c: partial }).found).toBe(1)
})

test('counts answers from outside the frozen set apart, but not that somebody else was not meant', () => {
  const accounting = accountOf(['a'], {
    a: done(),
    b: done(true),
    c: { kind: 'status', status: 'not-targeted', reason: '' },
  })
  expect(accounting.expected).toBe(1)
  expect(names(accounting.unexpected)).toEqual(['b'])
  expect(accounting.found).toBe(0)
})

const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    kind: fc.constant('outcome' as const),
    outcome: fc.constantFrom(...outcomes),
    found: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.constantFrom(...statusKinds),
    reason: fc.string(),
  }),
)
const anyName = fc.constantFrom(...'abcdefghij')

test('always adds up, by name (D5)', () => {
  fc.assert(
    fc.property(fc.array(anyName), fc.dictionary(anyName, anyAnswer), (frozen, answers) => {
      const { answered, failed, refused, silent, unexpected, expected } = accountOf(frozen, answers)
      const all = [answered, failed, refused, silent].flatMap(names)
      expect(all.sort()).toEqual([...new Set(frozen)].sort())
      expect(expected).toBe(all.length)
      expect(names(unexpected).every((name) => !frozen.includes(name))).toBe(true)
    }),
  )
})

const refused: Answer = { kind: 'status', status: 'refused', reason: 'weight 1 of 2' }
const failed: Answer = { kind: 'outcome', outcome: 'failed', found: false }

test.each<[string, readonly string[], Record<string, Answer>, number]>([
  ['nobody was expected', [], { x: done() }, 5],
  ['everybody refused', ['a', 'b'], { a: refused, b: refused }, 3],
  ['somebody is silent', ['a', 'b'], { a: done() }, 4],
  ['somebody is silent and the others refused', ['a', 'b'], { a: refused }, 4],
  ['somebody failed', ['a', 'b'], { a: done(), b: failed }, 1],
  ['somebody refused', ['a', 'b'], { a: done(), b: refused }, 1],
  ['everybody answered', ['a', 'b'], { a: done(), b: done(true) }, 0],
])('ends with its own exit code when %s', (_, frozen, answers, code) => {
  expect(exitCodeOf(accountOf(frozen, answers))).toBe(code)
})

test('says in one line who is missing, by name', () => {
  expect(accountingLine(accountOf(['a', 'b'], { a: done(true), b: done() }))).toBe(
    '2 expected, 2 answered (1 found)',
  )
  expect(
    accountingLine(accountOf(['a', 'b', 'c', 'd'], { a: done(true), b: failed, c: refused, x: done() })),
  ).toBe('4 expected, 1 answered (1 found), 1 failed: b, 1 refused: c, 1 silent: d, +1 not expected: x')
})

test('never shows nothing found as clean while somebody is silent', () => {
  expect(accountingLine(accountOf(['a', 'b'], { a: done() }))).toMatch(/1 silent: b — incomplete, not clean$/)
  expect(accountingLine(accountOf(['a'], { a: done() }))).not.toMatch(/incomplete/)
})
