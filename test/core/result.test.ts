import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { base32Encode, utf8 } from '../../node/core/encoding.ts'
import { isDocumentId } from '../../node/core/envelope.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'
import {
  parseReceiptBody,
  parseResultBody,
  parseStatusBody,
  parseSummaryBody,
  type ReceiptBody,
  type ResultBody,
  resultHash,
  type StatusBody,
  type SummaryBody,
} from '../../node/core/result.ts'

const documentId = `${'f'.repeat(51)}a`
const peerid = peerIdOf(new Uint8Array(32).fill(2))
const common = { v: 1, fleet: documentId, actionid: documentId, peerid } as const

const aResult: ResultBody = {
  ...common,
  serial: 1,
  seq: 0,
  outcome: 'done',
  startedat: '2026-11-24T05:00:00Z',
  endedat: '2026-11-24T05:00:01Z',
  sealed: 'AAAA',
}
const aStatus: StatusBody = {
  ...common,
  serial: 1,
  seq: 0,
  status: 'refused',
  reason: '',
  signers: ['A'.repeat(40)],
  at: '2026-11-24T05:00:00Z',
}
const aReceipt: ReceiptBody = { ...common, result: documentId, collector: peerid, at: '2026-11-24T05:00:00Z' }
const bare = { foundanything: false, success: true, elements: null, statistics: null, errors: null }
const aSummary: SummaryBody = { peerid, results: [bare], found: [0], truncated: false }

const parsers = {
  result: parseResultBody,
  status: parseStatusBody,
  receipt: parseReceiptBody,
  summary: parseSummaryBody,
}
const bodies = { result: aResult, status: aStatus, receipt: aReceipt, summary: aSummary }

test.each(Object.keys(bodies) as (keyof typeof bodies)[])(
  'reads a %s, all of it and nothing more',
  (kind) => {
    const body: Record<string, unknown> = { ...bodies[kind] }
    expect(typeof parsers[kind](body)).toBe('object')
    for (const field of Object.keys(body)) {
      expect(parsers[kind]({ ...body, [field]: undefined }), field).toMatch(new RegExp(`^${field}`))
    }
    expect(parsers[kind]({ ...body, tomorrow: 1 })).toMatch(/tomorrow/)
    for (const nothing of [null, [], 'x', 1, undefined]) expect(typeof parsers[kind](nothing)).toBe('string')
  },
)

test.each<[string, object, RegExp | undefined]>([
  ['an outcome that is a status', { outcome: 'refused' }, /^outcome/],
  ['a fraction for a sequence number', { seq: 0.5 }, /^seq/],
  ['a sequence number below 0', { seq: -1 }, /^seq/],
  ['padding in what is sealed', { sealed: 'AAA=' }, /^sealed/],
  ['nothing sealed', { sealed: '' }, /^sealed/],
  ['60,000 characters sealed', { sealed: 'A'.repeat(60_000) }, undefined],
  ['60,001 characters sealed', { sealed: 'A'.repeat(60_001) }, /^sealed/],
])('judges a result with %s', (_, changes, problem) => {
  const parsed = parseResultBody({ ...aResult, ...changes })
  if (problem === undefined) expect(typeof parsed).toBe('object')
  else expect(parsed).toMatch(problem)
})

test.each<[string, object, RegExp | undefined]>([
  ['16 operations', { results: Array(16).fill(bare), found: Array(16).fill(0) }, undefined],
  ['17 operations', { results: Array(17).fill(bare) }, /^results/],
  ['17 counts', { found: Array(17).fill(0) }, /^found/],
  ['a count below 0', { found: [-1] }, /^found\[0\]/],
  ['a count that is no number', { found: ['many'] }, /^found\[0\]/],
  ['errors', { results: [{ ...bare, errors: ['x'.repeat(8192)] }] }, undefined],
  [
    'an error that is too long',
    { results: [{ ...bare, errors: ['x'.repeat(8193)] }] },
    /^results\[0\]\.errors\[0\]/,
  ],
  ['too many errors', { results: [{ ...bare, errors: Array(1025).fill('x') }] }, /^results\[0\]\.errors/],
  ['elements of any kind', { results: [{ ...bare, elements: { s1: [1.5, null, 'x'] } }] }, undefined],
  ['detail', { detail: { pages: 256, sha256: documentId } }, undefined],
  ['detail of no pages', { detail: { pages: 0, sha256: documentId } }, /^detail\.pages/],
  ['detail of too many pages', { detail: { pages: 257, sha256: documentId } }, /^detail\.pages/],
  ['a long reason', { reason: 'x'.repeat(512) }, undefined],
  ['a reason that is too long', { reason: 'x'.repeat(513) }, /^reason/],
])('judges a summary with %s', (_, changes, problem) => {
  const parsed = parseSummaryBody({ ...aSummary, ...changes })
  if (problem === undefined) expect(typeof parsed).toBe('object')
  else expect(parsed).toMatch(problem)
})

test('takes no status that is an outcome', () => {
  expect(parseStatusBody({ ...aStatus, status: 'done' })).toMatch(/^status/)
  expect(parseStatusBody({ ...aStatus, reason: 'x'.repeat(513) })).toMatch(/^reason/)
  const signers = Array.from({ length: 9 }, (_, i) => `${i}`.repeat(40))
  expect(parseStatusBody({ ...aStatus, signers: signers.slice(0, 8) })).toMatchObject({
    signers: { length: 8 },
  })
  for (const bad of [signers, [], ['a'.repeat(40)], ['A'.repeat(16)]])
    expect(parseStatusBody({ ...aStatus, signers: bad })).toMatch(/^signers/)
})

test('names a result by the SHA-256 of its envelope', () => {
  const expected = base32Encode(createHash('sha256').update('an envelope').digest())
  expect(resultHash(utf8('an envelope'))).toBe(expected)
  expect(isDocumentId(expected)).toBe(true)
})
