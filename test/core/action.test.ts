import { describe, expect, test } from 'vitest'
import { type Action, type ActionBody, parseActionBody, summaryBytesOf } from '../../node/core/action.ts'
import { base64UrlEncode } from '../../node/core/encoding.ts'
import {
  maxOnlyPeers,
  maxOperations,
  maxReaders,
  maxResultTtlSeconds,
  maxStoppers,
  maxTargetBytes,
} from '../../node/core/limits.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'

const peer = peerIdOf(new Uint8Array(32).fill(1))
const body: ActionBody = {
  syntaxversion: 3,
  fleet: 'a'.repeat(52),
  nonce: base64UrlEncode(new Uint8Array(16)),
  name: 'who has it',
  target: "environment->>'os' = 'linux'",
  issuedat: '2026-11-24T05:00:00Z',
  validfrom: '2026-11-24T05:00:00Z',
  expireafter: '2026-11-24T06:00:00Z',
  operations: [{ module: 'file', parameters: { searches: {} } }],
  origin: peer,
  replyto: { x25519: base64UrlEncode(new Uint8Array(32)), readers: ['A'.repeat(40)] },
  resultttl: 60,
  policymin: { version: 1, hash: 'q'.repeat(52) },
  stoppers: [],
}

/** The action, or what is said of it. */
const parse = (change: Record<string, unknown> = {}): Action | string =>
  parseActionBody(JSON.parse(JSON.stringify({ ...body, ...change })))
const isRead = (change: Record<string, unknown>): boolean => typeof parse(change) !== 'string'
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

test('a whole action is read, its times as instants and its bytes as bytes', () => {
  const full = {
    description: { author: 'a', revision: 1 },
    threat: { ref: 'r' },
    limits: { wallseconds: 1, summarybytes: 16_384 },
    only: [peer],
    case: 'C-1',
  }
  const action = parse(full)
  if (typeof action === 'string') throw new Error(action)
  expect(action.issuedat).toBe(Date.parse('2026-11-24T05:00:00Z'))
  expect(action.nonce).toEqual(new Uint8Array(16))
  expect(action.replyto.x25519).toEqual(new Uint8Array(32))
  expect([summaryBytesOf(action), summaryBytesOf({})]).toEqual([16_384, 4096])
})

describe('what stands on one side of a bound and not on the other', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['name', { name: 'x'.repeat(256) }, { name: 'x'.repeat(257) }],
    ['name', { name: 'x' }, { name: '' }],
    [
      'target, in bytes',
      { target: 'é'.repeat(maxTargetBytes / 2) },
      { target: `é${'é'.repeat(maxTargetBytes / 2)}` },
    ],
    [
      'operations',
      { operations: many(maxOperations, body.operations[0]) },
      { operations: many(maxOperations + 1, body.operations[0]) },
    ],
    ['operations', { operations: many(1, body.operations[0]) }, { operations: [] }],
    [
      'readers',
      { replyto: { ...body.replyto, readers: many(maxReaders, 'A'.repeat(40)) } },
      { replyto: { ...body.replyto, readers: many(maxReaders + 1, 'A'.repeat(40)) } },
    ],
    ['readers', {}, { replyto: { ...body.replyto, readers: [] } }],
    ['resultttl', { resultttl: maxResultTtlSeconds }, { resultttl: maxResultTtlSeconds + 1 }],
    ['resultttl', { resultttl: 60 }, { resultttl: 59 }],
    [
      'stoppers',
      { stoppers: many(maxStoppers, 'A'.repeat(40)) },
      { stoppers: many(maxStoppers + 1, 'A'.repeat(40)) },
    ],
    ['only', { only: many(maxOnlyPeers, peer) }, { only: many(maxOnlyPeers + 1, peer) }],
    ['V62 the span', { expireafter: '2026-12-01T05:00:00Z' }, { expireafter: '2026-12-01T05:00:01Z' }],
    ['V62 validfrom', { validfrom: '2026-11-24T05:59:59Z' }, { validfrom: '2026-11-24T06:00:00Z' }],
    ['issuedat', { issuedat: '2026-11-24T05:59:59Z' }, { issuedat: '2026-11-24T06:00:00Z' }],
    [
      'policymin',
      { policymin: { version: 1, hash: 'q'.repeat(52) } },
      { policymin: { version: 0, hash: 'q'.repeat(52) } },
    ],
    ['nonce', { nonce: base64UrlEncode(new Uint8Array(16)) }, { nonce: base64UrlEncode(new Uint8Array(17)) }],
    ['limits', { limits: { matches: 1 } }, { limits: { matches: 0 } }],
    ['summarybytes', { limits: { summarybytes: 32_768 } }, { limits: { summarybytes: 8192 } }],
  ])('%s', (_, taken, refused) => {
    expect([isRead(taken), isRead(refused)]).toEqual([true, false])
  })
})

test.each<[string, Record<string, unknown>]>([
  ['V14 an unknown field', { extra: 1 }],
  ['V14 an unknown field in an operation', { operations: [{ ...body.operations[0], iscompressed: true }] }],
  ['V15 another version', { syntaxversion: 2 }],
  ['a version in words', { syntaxversion: '3' }],
  ['V19 a module in capitals', { operations: [{ module: 'File', parameters: {} }] }],
  ['V19 a module with a blank', { operations: [{ module: 'file ', parameters: {} }] }],
  ['V19 a module with a line end', { operations: [{ module: 'file\n', parameters: {} }] }],
  ['V19 a module with a ligature', { operations: [{ module: '\ufb01le', parameters: {} }] }],
  ['an operation without parameters', { operations: [{ module: 'file' }] }],
  ['a time with an offset', { issuedat: '2026-11-24T05:00:00+00:00' }],
  ['a time with fractions', { issuedat: '2026-11-24T05:00:00.000Z' }],
  ['a day that there is not', { issuedat: '2026-02-30T05:00:00Z' }],
  ['V52 a fingerprint in lower case', { stoppers: ['a'.repeat(40)] }],
  ['V51 a key id', { stoppers: ['A'.repeat(16)] }],
  [
    'V81 an origin that is not an Ed25519 peer id',
    { origin: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' },
  ],
  ['a nonce in padded base64', { nonce: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ['a nonce with bits set that nobody reads', { nonce: 'AAAAAAAAAAAAAAAAAAAAAB' }],
  ['no policymin', { policymin: undefined }],
  ['no target', { target: '' }],
])('refuses %s', (_, change) => {
  expect(parse(change)).toBeTypeOf('string')
})

test('what is wrong is said with its place', () => {
  expect(parse({ operations: [{ module: 'File', parameters: {} }] })).toBe(
    'operations[0].module: expected a lower-case module name',
  )
  expect(parse({ expireafter: '2026-12-01T05:00:01Z' })).toBe(
    'the span from issuedat to expireafter is more than 604800 seconds',
  )
  expect(parseActionBody(null)).toBeTypeOf('string')
})
