import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createEventReader, type EventLimits } from '../../modules/event-reader.ts'
import { streamModule } from '../../modules/event-stream.ts'
import { runModule } from '../../modules/run-module.ts'
import { MigError } from '../../node/core/error.ts'
import { maxAboutChars, maxDroppedEvents, maxEventLineBytes } from '../../node/core/limits.ts'
import { aFinding, aModule } from './a-module.ts'
import { contextOf } from './contract.ts'
import { memoryHost } from './memory-host.ts'

const context = contextOf(memoryHost({}))
const parameters = { words: ['a', 'b'] }
const end = { end: { statistics: { seen: 2 }, truncated: false } }
const finding = (element: unknown, more: object = {}) => ({
  finding: { found: true, group: ['words'], element, ...more },
})

/** Feeds lines (text as it stands, anything else as JSON) to a reader. */
function read(lines: readonly unknown[], limits: Partial<EventLimits> = {}) {
  const reader = createEventReader(aModule(), parameters, { maxMatches: 1000, ...limits })
  for (const line of lines)
    reader.push(Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`))
  return reader
}

test.each([1, 7, 1 << 20])('carries a run over in chunks of %d bytes', async (chunkBytes) => {
  const reader = createEventReader(aModule(), parameters, { maxMatches: 1000 })
  const bytes: number[] = []
  await streamModule(aModule(), parameters, context, (line) => void bytes.push(...line))
  for (let at = 0; at < bytes.length; at += chunkBytes)
    reader.push(Uint8Array.from(bytes.slice(at, at + chunkBytes)))
  expect(reader.ended).toBe(true)
  expect(reader.finish().result).toEqual((await runModule(aModule(), parameters, context)).result)
})

test('keeps nothing of a chunk that the caller goes on to reuse', () => {
  const reader = createEventReader(aModule(), parameters, { maxMatches: 1000 })
  const line = Buffer.from(`${JSON.stringify(finding({ word: 'a' }))}\n`)
  const chunk = Buffer.from(line.subarray(0, 30))
  reader.push(chunk)
  chunk.fill(0)
  reader.push(line.subarray(30))
  expect(reader.finish().findings).toEqual([aFinding('a')])
})

test('waits for the writer', async () => {
  let open = true
  const order: string[] = []
  const module = aModule(async function* () {
    for (const word of ['a', 'b']) {
      order.push(`make ${word}`)
      yield aFinding(word)
    }
    return { seen: 2 }
  })
  await streamModule(module, {}, context, async () => {
    expect(open).toBe(true)
    open = false
    await new Promise(setImmediate)
    open = true
    order.push('written')
  })
  expect(order).toEqual(['make a', 'written', 'make b', 'written', 'written'])
})

test('ends the run when the writer fails', async () => {
  let closed = false
  const module = aModule(async function* () {
    try {
      for (;;) yield aFinding('a')
    } finally {
      closed = true
    }
  })
  const gone = new Error('EPIPE')
  await expect(streamModule(module, {}, context, () => Promise.reject(gone))).rejects.toBe(gone)
  expect(closed).toBe(true)
})

test('stops at its own limits, so that the statistics get through', async () => {
  const module = aModule(async function* ({ signal }) {
    let seen = 0
    while (!signal.aborted) {
      seen++
      yield aFinding('x'.repeat(100))
    }
    return { seen }
  })
  for (const limits of [
    { maxMatches: 5, maxOutputBytes: 1e6 },
    { maxMatches: 1e6, maxOutputBytes: 3000 },
  ]) {
    const reader = createEventReader(module, parameters, limits)
    await streamModule(module, parameters, { ...context, ...limits }, (line) => reader.push(line), limits)
    expect(reader.overrun).toBeUndefined()
    expect(reader.finish().result).toMatchObject({
      success: true,
      truncated: true,
      statistics: { seen: expect.any(Number) },
    })
  }
})

test('cuts what a malicious child adds: no text of its own gets through (T46)', () => {
  const secret = 'root:$6$CANARY'
  const reader = read([
    finding({ word: 'kept', content: secret }),
    finding({ word: 'kept', inner: { size: 1, content: secret } }),
    finding({ word: 'kept' }, { content: secret, kind: secret }),
    finding({ content: secret }),
    finding({ word: { toString: secret } }),
    finding({ word: 'x' }, { group: [secret] }),
    finding({ word: 'x' }, { group: ['words', secret] }),
    { finding: { found: secret, group: [], element: { word: 'x' } } },
    { finding: secret },
    { ...finding({ word: 'x' }), content: secret },
    { content: secret },
    { problem: { code: secret, about: '/x' } },
    { problem: { code: 'not-found', about: '/x', content: secret } },
    { problem: { code: 'not-found', about: { content: secret } } },
    { end: { statistics: { seen: 1 }, truncated: false, failure: secret } },
    { end: { statistics: { seen: 1, content: secret }, truncated: false, content: secret } },
    finding({ word: secret }),
    secret,
    `"${secret}"`,
  ])
  const run = reader.finish()
  expect(JSON.stringify(run)).not.toContain('CANARY')
  expect(run.result).toMatchObject({ elements: ['kept', 'kept', 'kept'], statistics: { seen: 1 } })
  expect(run.cutElements).toBe(4)
  expect(run.droppedEvents).toBe(10)
})

test('lets a field that is marked as echo repeat the question and nothing else', () => {
  const module = {
    ...aModule(),
    element: z.object({
      word: z.string(),
      search: z.object({ names: z.array(z.string()).optional().meta({ echo: true }) }),
    }),
  }
  const reader = createEventReader(module, parameters, { maxMatches: 9 })
  for (const names of [['a', 'b'], ['a', 'CANARY'], []]) {
    reader.push(Buffer.from(`${JSON.stringify(finding({ word: 'x', search: { names } }))}\n`))
  }
  expect(reader.finish('').findings).toMatchObject([
    { element: { search: { names: ['a', 'b'] } } },
    { element: { search: { names: [] } } },
  ])
})

test('cuts statistics that do not fit', () => {
  expect(
    read([{ end: { statistics: { seen: 'CANARY' }, truncated: false } }]).finish().result.statistics,
  ).toBeNull()
})

test.each(['__proto__', 'constructor', 'toString'])('takes no %s for a word of the question', (word) => {
  expect(read([finding({ word: 'x' }, { group: [word] })]).finish().cutElements).toBe(1)
})

test('gives no sentence of the child when it failed, only a code', async () => {
  const module = aModule(async function* () {
    yield aFinding('a')
    throw new MigError('bad-regex', 'CANARY')
  })
  const lines: string[] = []
  await streamModule(
    module,
    parameters,
    context,
    (line) => void lines.push(Buffer.from(line).toString().trimEnd()),
  )
  expect(lines.join()).not.toContain('CANARY')
  expect(read(lines).finish().result).toEqual({
    foundanything: false,
    success: false,
    elements: null,
    statistics: null,
    errors: ['module words failed: bad-regex'],
  })
})

test('keeps what came before a kill, as no success', () => {
  const run = read([finding({ word: 'a' }), { problem: { code: 'vanished', about: '/x' } }]).finish(
    'killed after 300 s',
  )
  expect(run.result).toEqual({
    foundanything: true,
    success: false,
    elements: ['a'],
    statistics: null,
    errors: ['vanished: /x', 'killed after 300 s'],
    truncated: true,
  })
})

test('says so when a child goes without a word', () => {
  expect(read([]).finish().result).toMatchObject({
    success: false,
    errors: ['module words ended without a result'],
  })
})

test('stops reading at the match limit', () => {
  const reader = read([finding({ word: 'a' }), finding({ word: 'b' }), finding({ word: 'c' }), end], {
    maxMatches: 2,
  })
  expect(reader.overrun).toBe('result-full')
  expect(reader.finish().result).toMatchObject({ success: true, elements: ['a', 'b'], truncated: true })
})

test('takes the longest line and stops at the next byte', () => {
  const pad = ' '.repeat(maxEventLineBytes - JSON.stringify(end).length)
  expect(read([`${JSON.stringify(end)}${pad}`]).ended).toBe(true)
  const reader = read([`${JSON.stringify(end)}${pad} `, end])
  expect(reader).toMatchObject({ overrun: 'line-too-long', ended: false })
  expect(reader.finish().result).toMatchObject({ success: false, errors: ['line-too-long'] })
})

test('holds no more than a line of a child that never ends one', () => {
  const reader = createEventReader(aModule(), parameters, { maxMatches: 1 })
  for (let sent = 0; sent <= maxEventLineBytes; sent += 65_536) reader.push(new Uint8Array(65_536).fill(120))
  expect(reader.overrun).toBe('line-too-long')
})

test('stops at rubbish without end, and at bytes without end', () => {
  expect(read(new Array(maxDroppedEvents).fill('x')).overrun).toBeUndefined()
  expect(read(new Array(maxDroppedEvents + 1).fill('x')).overrun).toBe('too-much-rubbish')
  const reader = createEventReader(aModule(), parameters, {
    maxMatches: 1,
    maxOutputBytes: 100,
    maxEventLineBytes: 100,
  })
  for (let count = 0; count < 7; count++)
    reader.push(Buffer.from(`{"problem":{"code":"vanished","about":"${'x'.repeat(50)}"}}\n`))
  expect(reader.overrun).toBe('too-many-bytes')
})

test('bounds the text of problems and the depth and strings of elements', () => {
  const about = (chars: number) => ({ problem: { code: 'not-found', about: 'x'.repeat(chars) } })
  expect(read([about(maxAboutChars)]).finish('').droppedEvents).toBe(0)
  expect(read([about(maxAboutChars + 1)]).finish('').droppedEvents).toBe(1)
  expect(read([finding({ word: 'x'.repeat(65_536) })]).finish('').cutElements).toBe(0)
  expect(read([finding({ word: 'x'.repeat(65_537) })]).finish('').cutElements).toBe(1)
  expect(read([`{"finding":${'['.repeat(100_000)}${']'.repeat(100_000)}}`]).finish('').droppedEvents).toBe(1)
})

test('drops everything after the end', () => {
  const run = read([end, finding({ word: 'late' }), end]).finish()
  expect(run.droppedEvents).toBe(2)
  expect(run.findings).toEqual([])
})

test('never throws, whatever comes', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.json().map((text) => Buffer.from(`${text}\n`)),
    fc.record({ finding: fc.anything() }).map((value) => Buffer.from(`${safeJson(value)}\n`)),
    fc.record({ end: fc.jsonValue() }).map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const reader = createEventReader(aModule(), parameters, { maxMatches: 3 })
      for (const bytes of pieces) reader.push(bytes)
      expect(Array.isArray(reader.finish('cut').findings)).toBe(true)
    }),
  )
})

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return '{}'
  }
}
