import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { evaluateTarget, parseTarget } from '../../node/core/target.ts'
import { compileLike } from '../../node/core/target-like.ts'
import { estimateInstructions } from '../../node/core/target-regex.ts'
import { compareText } from '../../node/core/target-value.ts'
import { migAgents, now } from './target-cases.ts'

const [agent] = migAgents()

type Logic = boolean | null | { readonly not: Logic } | { readonly and: Logic[] } | { readonly or: Logic[] }

const { logic } = fc.letrec<{ logic: Logic }>((tie) => ({
  logic: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<Logic>(true, false, null),
    fc.record({ not: tie('logic') }),
    fc.record({ and: fc.array(tie('logic'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('logic'), { minLength: 2, maxLength: 3 }) }),
  ),
}))

/** Kleene's logic as numbers: NOT is 1 - x, AND the least, OR the greatest, NULL a half. */
function model(value: Logic): number {
  if (value === null) return 0.5
  if (typeof value === 'boolean') return value ? 1 : 0
  if ('not' in value) return 1 - model(value.not)
  return 'and' in value ? Math.min(...value.and.map(model)) : Math.max(...value.or.map(model))
}

/** With no parentheses but those that NOT > AND > OR needs. */
function print(value: Logic, around = 0): string {
  if (value === null || typeof value === 'boolean') return String(value)
  const [binding, text] =
    'not' in value
      ? ([3, `NOT ${print(value.not, 3)}`] as const)
      : 'and' in value
        ? ([2, value.and.map((item) => print(item, 2)).join(' AND ')] as const)
        : ([1, value.or.map((item) => print(item, 1)).join(' OR ')] as const)
  return binding < around ? `(${text})` : text
}

test('AND, OR and NOT bind and decide as Kleene and PostgreSQL say', async () => {
  await fc.assert(
    fc.asyncProperty(logic, async (value) => {
      const text = print(value)
      fc.pre(text.length <= 2048)
      const expected = { 0: false, 0.5: null, 1: true }[model(value)]
      expect(evaluateTarget(await parseTarget(text), agent as never, now)).toBe(expected)
    }),
    { numRuns: 500 },
  )
})

/** LIKE by its definition, over characters. */
function naiveLike(pattern: string[], text: string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return text.length === 0
  if (first === '%') return naiveLike(rest, text) || (text.length > 0 && naiveLike(pattern, text.slice(1)))
  if (text.length === 0) return false
  if (first === '\\') return rest[0] === text[0] && naiveLike(rest.slice(1), text.slice(1))
  return (first === '_' || first === text[0]) && naiveLike(rest, text.slice(1))
}

const characters = fc.constantFrom('a', 'b', 'B', '.', '😀', '%', '_', '\\')

test('LIKE matches what its definition matches', () => {
  let matched = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof(characters, fc.constantFrom('%', '_')), { maxLength: 8 }),
      fc.array(characters, { maxLength: 8 }),
      fc.boolean(),
      (pattern, text, ignoreCase) => {
        const compiled = compileLike(pattern.join(''), { ignoreCase })
        const endsInEscape = /(^|[^\\])(\\\\)*\\$/.test(pattern.join(''))
        expect(compiled === undefined).toBe(endsInEscape)
        if (compiled === undefined) return
        const fold = (all: string[]): string[] => (ignoreCase ? all.map((one) => one.toLowerCase()) : all)
        const expected = naiveLike(fold(pattern), fold(text))
        if (expected) matched++
        expect(compiled.matches(text.join(''))).toBe(expected)
      },
    ),
    { numRuns: 5000 },
  )
  expect(matched).toBeGreaterThan(200)
})

test('a string literal means the characters that stand in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (name) => {
      fc.pre(!name.includes('\0'))
      const target = await parseTarget(`name = '${name.replaceAll("'", "''")}'`)
      expect(evaluateTarget(target, { ...(agent as NonNullable<typeof agent>), name }, now)).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('text is ordered as its UTF-8 bytes are', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'é', '\uffff', '😀', '😁'), { maxLength: 4 })
    .map((all) => all.join(''))
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(compareText(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 2000 },
  )
})

const pieces = fc.constantFrom(
  'a',
  '.',
  '\\d',
  '\\pL',
  '[a-z]',
  '[]a(]',
  '[^)]',
  '[[:alpha:](]',
  '\\(',
  '\\{',
  '^',
  '$',
  '|',
)
const counts = fc.constantFrom('', '', '*', '+?', '{3}', '{2,5}', '{4,}', '{0,7}', '{10}')
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc
    .array(
      fc.oneof(
        { maxDepth: 3 },
        pieces,
        tie('pattern').map((inner) => `(${inner})`),
        tie('pattern').map((inner) => `(?:${inner})`),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .chain((parts) => fc.tuple(...parts.map((part) => counts.map((count) => part + count))))
    .map((parts) => parts.join('')),
}))

test('a regular expression never compiles to more steps than were estimated', () => {
  let compiled = 0
  fc.assert(
    fc.property(pattern, (source) => {
      let size: number
      try {
        size = RE2JS.compile(source).programSize()
      } catch {
        return
      }
      compiled++
      // Two for the frame around every program.
      expect(size).toBeLessThanOrEqual(estimateInstructions(source) + 2)
    }),
    { numRuns: 2000 },
  )
  expect(compiled).toBeGreaterThan(500)
})
