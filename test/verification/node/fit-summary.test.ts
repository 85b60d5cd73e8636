import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSummaryBody, type SummaryBody } from '../../../node/core/result.ts'
import { type FittedResult, fitSummary } from '../../../node/verification/fit-summary.ts'
import { keysOf } from './builders.ts'

const rest = { peerid: keysOf('web1').peerId }
const detail = { pages: 256, sha256: `${'c'.repeat(51)}a` }

function aModuleResult(changes: Partial<FittedResult> = {}): FittedResult {
  return { foundanything: true, success: true, elements: {}, statistics: null, errors: null, ...changes }
}

const files = (count: number, name = 'f') =>
  Array.from({ length: count }, (_, i) => ({ file: `/${name}/${i}`, fileinfo: { size: i } }))
const bytesOf = (summary: SummaryBody) => Buffer.byteLength(JSON.stringify(summary))
const elementsOf = <T>(summary: SummaryBody, operation = 0) => summary.results[operation]?.elements as T

test('leaves alone what fits', () => {
  const results = [
    aModuleResult({ elements: { s1: files(3), s2: [] }, errors: ['one'], statistics: { n: 1 } }),
  ]
  const { summary, complete } = fitSummary(results, [3], 4096, rest)
  expect(complete).toBe(true)
  expect(summary).toEqual({ ...rest, results, found: [3], truncated: false })
})

test('fits exactly, and cuts from the first byte beyond', () => {
  const results = [aModuleResult({ elements: { s1: files(40), s2: files(2) }, errors: ['one'] })]
  const whole = { ...rest, results, found: [42], truncated: false } as SummaryBody
  const size = bytesOf(whole) + 2
  expect(size).toBeGreaterThan(130)
  expect(fitSummary(results, [42], size, rest)).toEqual({ summary: whole, complete: true })
  expect(fitSummary(results, [42], size - 1, rest).complete).toBe(false)
})

test('says what was cut, and keeps the counts', () => {
  const results = [
    aModuleResult({ elements: { s1: files(1000) } }),
    aModuleResult({ elements: { s1: files(1) } }),
  ]
  const { summary, complete } = fitSummary(results, [1000, 1], 4096, rest)
  expect(complete).toBe(false)
  expect(summary.found).toEqual([1000, 1])
  expect(summary.truncated).toBe(true)
  expect(summary.results.map((result) => result.truncated)).toEqual([true, undefined])
  const kept = elementsOf<{ s1: unknown[] }>(summary).s1
  // Whole elements from the beginning, and as many as there is room for.
  expect(kept).toEqual(files(1000).slice(0, kept.length))
  expect(bytesOf(summary)).toBeGreaterThan(4096 - 200)
})

test('leaves room for the detail that is added afterwards', () => {
  const results = [aModuleResult({ elements: { s1: files(1000) } })]
  const { summary } = fitSummary(results, [1000], 4096, rest)
  expect(bytesOf({ ...summary, detail }) + 2).toBeLessThanOrEqual(4096)
  const given = fitSummary(results, [1000], 4096, { ...rest, detail }).summary
  expect(given.detail).toEqual(detail)
  expect(bytesOf(given) + 2).toBeLessThanOrEqual(4096)
})

test('passes on that a module was cut short itself', () => {
  const { summary, complete } = fitSummary([aModuleResult({ truncated: true })], [0], 4096, rest)
  expect(complete).toBe(true)
  expect(summary.truncated).toBe(true)
  expect(summary.results[0]?.truncated).toBe(true)
})

test('shares between operations and between their groups', () => {
  const results = [
    aModuleResult({ elements: { many: files(1000), few: files(3, 'few'), none: [] } }),
    aModuleResult({ elements: { connectedip: { '10.0.0.0/8': files(1000), '192.0.2.1': files(1000) } } }),
    aModuleResult({ elements: files(1000) }),
  ]
  const { summary } = fitSummary(results, [1003, 2000, 1000], 16_384, rest)
  const first = elementsOf<{ many: unknown[]; few: unknown[]; none: unknown[] }>(summary, 0)
  const second = elementsOf<{ connectedip: Record<string, unknown[]> }>(summary, 1).connectedip
  const third = elementsOf<unknown[]>(summary, 2)
  expect(first.few).toHaveLength(3)
  expect(first.none).toEqual([])
  const counts = [first.many.length + 3, Object.values(second).flat().length, third.length]
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2)
  const [a, b] = Object.values(second).map((group) => group.length) as [number, number]
  expect(Math.abs(a - b)).toBeLessThanOrEqual(1)
})

test('gives up errors before elements, but not why an operation failed', () => {
  const why = `the reason ${'x'.repeat(300)}`
  const errors = Array.from({ length: 200 }, (_, i) => `permission-denied: /some/path/${i}`)
  const results = [
    aModuleResult({ elements: { s1: files(1000) }, errors }),
    aModuleResult({
      success: false,
      foundanything: false,
      elements: null,
      errors: [why, ...errors],
    }),
  ]
  const { summary } = fitSummary(results, [1000, 0], 4096, rest)
  expect(elementsOf<{ s1: unknown[] }>(summary).s1.length).toBeGreaterThan(20)
  expect(summary.results[0]?.errors?.length).toBeLessThanOrEqual(2)
  expect(summary.results[1]?.errors?.[0]).toBe(why)
})

test('goes past an element that is too large for the rest', () => {
  const elements = { s1: [{ file: 'x'.repeat(5000) }, ...files(5)] }
  const { summary, complete } = fitSummary([aModuleResult({ elements })], [6], 4096, rest)
  expect(complete).toBe(false)
  expect(elementsOf<{ s1: unknown[] }>(summary).s1).toEqual(files(5))
})

test('drops labels and statistics when they alone are too much', () => {
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`label number ${i}`, []]))
  const statistics = { text: 'x'.repeat(5000) }
  const results = [
    aModuleResult({ elements: labels, statistics }),
    aModuleResult({ elements: { s1: files(2) } }),
  ]
  const { summary, complete } = fitSummary(results, [0, 2], 4096, rest)
  expect(complete).toBe(false)
  expect(summary.results[0]).toMatchObject({ elements: null, statistics: null, truncated: true })
  expect(elementsOf(summary, 1)).toEqual({ s1: files(2) })
})

test('shortens a reason that would not fit', () => {
  const { summary } = fitSummary([], [], 4096, { ...rest, reason: '\u0001'.repeat(600) })
  expect(Buffer.byteLength(JSON.stringify(summary.reason))).toBeLessThanOrEqual(1024)
  expect(fitSummary([], [], 4096, { ...rest, reason: 'é'.repeat(600) }).summary.reason).toHaveLength(511)
  expect(fitSummary([], [], 4096, { ...rest, reason: undefined }).summary).not.toHaveProperty('reason')
})

test('keeps what makes a summary that a reader takes: no error too long, not too many', () => {
  const errors = ['x'.repeat(9000), ...Array.from({ length: 1100 }, () => 'e')]
  const { summary, complete } = fitSummary([aModuleResult({ errors })], [0], 32_768, rest)
  expect(complete).toBe(false)
  expect(summary.results[0]?.errors).toHaveLength(1024)
  expect(typeof parseSummaryBody(summary)).toBe('object')
})

const anyElements = fc.oneof(
  fc.constant(null),
  fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 30 }),
  fc.dictionary(fc.string(), fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 30 }), { maxKeys: 6 }),
  fc.jsonValue({ maxDepth: 4 }),
)
const anyResult = fc.record({
  foundanything: fc.boolean(),
  success: fc.boolean(),
  elements: anyElements,
  statistics: fc.jsonValue({ maxDepth: 2 }),
  errors: fc.option(fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { maxLength: 20 })),
})

test('always fits, whatever modules give', () => {
  fc.assert(
    fc.property(
      fc.array(anyResult, { maxLength: 16 }),
      fc.string({ unit: 'binary', maxLength: 700 }),
      (results, reason) => {
        const found = results.map(() => Number.MAX_SAFE_INTEGER)
        const { summary, complete } = fitSummary(results, found, 4096, { ...rest, reason })
        expect(bytesOf({ ...summary, detail }) + 2).toBeLessThanOrEqual(complete ? 4096 + 200 : 4096)
        expect(bytesOf(summary) + 2).toBeLessThanOrEqual(4096)
        expect(typeof parseSummaryBody(JSON.parse(JSON.stringify(summary)))).toBe('object')
        expect(complete).toBe(summary.results.every((result) => result.truncated === undefined))
      },
    ),
    { numRuns: 300 },
  )
})

test('measures no more elements than it needs', () => {
  let measured = 0
  const counted = { toJSON: () => `element ${measured++}` }
  const elements = { s1: Array(100_000).fill(counted), s2: Array(100_000).fill(counted) }
  const { summary } = fitSummary([aModuleResult({ elements })], [200_000], 4096, rest)
  const kept = Object.values(elementsOf<Record<string, unknown[]>>(summary)).flat().length
  expect(kept).toBeGreaterThan(200)
  // Twice for the two attempts, the base sizes, and a few misses.
  expect(measured).toBeLessThan(3 * kept)
})
