import { expect, test, vi } from 'vitest'
import { runModule } from '../../modules/run-module.ts'
import { MigError } from '../../node/core/error.ts'
import { maxDroppedEvents, maxProblems } from '../../node/core/limits.ts'
import { aFinding, aModule } from './a-module.ts'
import { contextOf } from './contract.ts'
import { memoryHost } from './memory-host.ts'

const context = contextOf(memoryHost({}))
const asked = { words: [] }

test('gives the five fields of MIG', async () => {
  const { result } = await runModule(aModule(), { words: ['a', 'b'] }, context)
  expect(result).toEqual({
    foundanything: true,
    success: true,
    elements: ['a', 'b'],
    statistics: { seen: 2 },
    errors: null,
  })
})

test('finds nothing when all findings are misses', async () => {
  const module = aModule(async function* () {
    yield aFinding('a', false)
    return { seen: 1 }
  })
  expect((await runModule(module, asked, context)).result).toMatchObject({
    foundanything: false,
    elements: ['a'],
  })
})

test('shows problems as code and path, at most so many', async () => {
  const module = aModule(async function* () {
    for (let count = 0; count < maxProblems + 3; count++) {
      yield { kind: 'problem', code: 'permission-denied', about: `/root/${count}` }
    }
    return { seen: 0 }
  })
  const { result } = await runModule(module, asked, context)
  expect(result.success).toBe(true)
  expect(result.errors).toHaveLength(maxProblems + 1)
  expect(result.errors?.[0]).toBe('permission-denied: /root/0')
  expect(result.errors?.at(-1)).toBe(`3 errors were not returned (max errors = ${maxProblems})`)
})

test.each([
  [3, ['a', 'b', 'c'], undefined],
  [2, ['a', 'b'], true],
])('keeps %d matches of three and says when that is not all', async (maxMatches, elements, truncated) => {
  const { result } = await runModule(aModule(), { words: ['a', 'b', 'c'] }, { ...context, maxMatches })
  expect(result.elements).toEqual(elements)
  expect(result.truncated).toBe(truncated)
})

test('tells a module to stop when a limit is reached, and keeps its statistics', async () => {
  const module = aModule(async function* ({ signal }) {
    let seen = 0
    while (!signal.aborted) {
      seen++
      yield aFinding('x'.repeat(1000))
    }
    return { seen }
  })
  const { result, findings } = await runModule(
    module,
    asked,
    { ...context, maxMatches: 1e9 },
    { maxOutputBytes: 10_000 },
  )
  expect(findings.length).toBeGreaterThan(5)
  expect(findings.length).toBeLessThan(10)
  expect(result).toMatchObject({ success: true, truncated: true, statistics: { seen: findings.length + 1 } })
})

test('stops a module that yields nothing but rubbish', async () => {
  const module = aModule(async function* ({ signal }) {
    while (!signal.aborted) yield { ...aFinding(''), element: {} as never }
    return { seen: 1 }
  })
  const { result, cutElements } = await runModule(module, asked, context)
  expect(cutElements).toBe(maxDroppedEvents + 1)
  expect(result.truncated).toBe(true)
})

test('passes an abort on and says that the result is not all', async () => {
  const abort = new AbortController()
  const module = aModule(async function* ({ signal }) {
    yield aFinding('before')
    abort.abort()
    yield aFinding('after')
    return { seen: signal.aborted ? 1 : 0 }
  })
  const { result } = await runModule(module, asked, { ...context, signal: abort.signal })
  expect(result).toMatchObject({ elements: ['before', 'after'], truncated: true, statistics: { seen: 1 } })
})

test('leaves a module that does not stop, and lets it close what it holds', async () => {
  const closed = vi.fn()
  const module = aModule(async function* () {
    try {
      for (;;) yield aFinding('again', false)
    } finally {
      closed()
    }
  })
  const abort = AbortSignal.timeout(10)
  const { result } = await runModule(module, asked, { ...context, signal: abort }, { maxOutputBytes: 1e3 })
  expect(result).toMatchObject({ success: true, truncated: true, statistics: null })
  expect(closed).toHaveBeenCalledOnce()
}, 10_000)

test('lets timers run while a module computes without a rest', async () => {
  const module = aModule(async function* ({ signal }) {
    while (!signal.aborted) yield aFinding('busy', false)
    return { seen: 0 }
  })
  const startMs = performance.now()
  await runModule(module, asked, { ...context, signal: AbortSignal.timeout(50) }, { maxOutputBytes: 1e9 })
  expect(performance.now() - startMs).toBeLessThan(1000)
}, 10_000)

test('cuts elements that do not fit, strips unknown fields, and says so', async () => {
  const module = aModule(async function* () {
    yield { ...aFinding(''), element: { word: 7 as unknown as string } }
    yield { ...aFinding(''), element: { word: 'ok', content: 'root:x:0:0' } as never }
    yield { ...aFinding(''), group: ['root:x:0:0'] }
    yield aFinding('lone \ud800')
    return { seen: 0 }
  })
  const { result, findings, cutElements } = await runModule(module, { words: [] }, context)
  expect(findings).toEqual([aFinding('ok')])
  expect(cutElements).toBe(3)
  expect(result.errors).toEqual(["3 elements did not fit the module's schema and were cut"])
})

test.each([
  [{ words: 'a' }, 'words: words: expected array, got string "a"'],
  [{ wrods: [] }, 'words: unknown field "wrods", did you mean "words"?'],
  [null, 'words: expected object, got null'],
])('fails on parameters %j with one error', async (parameters, error) => {
  const { result } = await runModule(aModule(), parameters, context)
  expect(result).toEqual({
    foundanything: false,
    success: false,
    elements: null,
    statistics: null,
    errors: [error],
  })
})

test('fails with our own sentences only: those of libraries quote data', async () => {
  const failing = (error: Error) =>
    aModule(async function* () {
      yield aFinding('a')
      throw error
    })
  const ours = await runModule(failing(new MigError('bad-regex', 'regular expression …')), asked, context)
  expect(ours.result).toMatchObject({ success: false, elements: null, errors: ['regular expression …'] })
  const cause = new SyntaxError('Unexpected token: "root:x:0:0"')
  const theirs = await runModule(failing(cause), asked, context)
  expect(theirs.result).toMatchObject({
    success: false,
    foundanything: false,
    errors: ['module words failed'],
  })
  expect(theirs.cause).toBe(cause)
})

test('says that a limit of the question was reached', async () => {
  const module = aModule(async function* () {
    yield { kind: 'problem', code: 'limit-reached', about: 's1' }
    yield aFinding('later')
    return { seen: 1 }
  })
  expect((await runModule(module, asked, context)).result).toMatchObject({
    truncated: true,
    errors: ['limit-reached: s1'],
  })
})
