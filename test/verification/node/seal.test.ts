import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, uvarint } from '../../../node/core/bytes.ts'
import { canonicalBytes } from '../../../node/core/canonical-json.ts'
import { base64UrlDecode, base64UrlEncode, utf8, utf8Decode } from '../../../node/core/encoding.ts'
import { summarySizesBytes } from '../../../node/core/limits.ts'
import { parseResultBody, type Result, type SummaryBody } from '../../../node/core/result.ts'
import { hpkeSeal } from '../../../node/verification/hpke.ts'
import { openEnvelope } from '../../../node/verification/node-envelope.ts'
import { x25519PublicKey } from '../../../node/verification/node-keys.ts'
import {
  detailDigest,
  openPage,
  openSummary,
  parseDetail,
  sealPage,
  splitDetail,
} from '../../../node/verification/seal.ts'
import { actionId, anOuter, aResultWire, aSummary, flipped, keysOf, replySeed, seedOf } from './builders.ts'

const replyKey = x25519PublicKey(replySeed)

function resultIn(wire: Uint8Array): Result {
  const opened = openEnvelope('mig-result', wire)
  if ('fault' in opened) throw new Error(opened.fault)
  const result = parseResultBody(opened.value)
  if (typeof result === 'string') throw new Error(result)
  return result
}

const sealedBytes = (result: Result) => base64UrlDecode(result.sealed) as Uint8Array
const aResult = () => resultIn(aResultWire('web1', replyKey))

/** A result around any plaintext, as a hostile agent with a good answer key can make it. */
function resultAround(inner: Uint8Array): Result {
  const { sealed: _, ...plain } = aResult()
  const sealed = hpkeSeal(replyKey, utf8(actionId), canonicalBytes(anOuter('web1')), inner)
  return { ...plain, sealed: base64UrlEncode(sealed) }
}

test('opens with the reply key what was sealed to it', () => {
  const summary = aSummary('web1', { reason: 'a line\nbreak and a \u202e turn', found: [3] })
  expect(openSummary(resultIn(aResultWire('web1', replyKey, { summary })), replySeed)).toEqual(summary)
})

test('keeps names that no signed document could hold', () => {
  const elements = { s1: ['\ud800', 'e\u0301', '\u0007', 1.5, null].map((file) => ({ file })) }
  const results = [{ foundanything: true, success: true, elements, statistics: null, errors: null }]
  const opened = openSummary(
    resultIn(aResultWire('web1', replyKey, { summary: aSummary('web1', { results }) })),
    replySeed,
  )
  expect(opened).toMatchObject({ results })
})

test('opens for nobody else', () => {
  expect(openSummary(aResult(), seedOf('relay'))).toEqual({ fault: 'not-openable' })
})

test('has one size, whatever was found', () => {
  for (const sizeBytes of summarySizesBytes) {
    const lengths = new Set<number>()
    const wires = new Set<number>()
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.nat(9), (file, count) => {
        const results = [
          {
            foundanything: count > 0,
            success: true,
            elements: { s: Array(count).fill({ file }) },
            statistics: null,
            errors: null,
          },
        ]
        fc.pre(JSON.stringify(results).length * 3 < sizeBytes)
        const wire = aResultWire('web1', replyKey, {
          summary: aSummary('web1', { results, found: [count] }),
          sizeBytes,
        })
        wires.add(wire.length)
        lengths.add(sealedBytes(resultIn(wire)).length)
      }),
      { numRuns: 30 },
    )
    expect([...lengths]).toEqual([sizeBytes + 48])
    expect(wires.size).toBe(1)
  }
})

test('shows nothing of the summary outside', () => {
  const results = [
    {
      foundanything: true,
      success: true,
      elements: { s: [{ file: '/CANARY' }] },
      statistics: null,
      errors: null,
    },
  ]
  const summary = aSummary('web1', {
    results,
    reason: 'CANARY',
    found: [1],
    detail: { pages: 7, sha256: `${'c'.repeat(51)}a` },
  })
  const wire = aResultWire('web1', replyKey, { summary })
  expect(Buffer.from(wire).includes('CANARY')).toBe(false)
  const opened = openEnvelope('mig-result', wire)
  expect('value' in opened && Object.keys(opened.value).sort()).toEqual([
    'actionid',
    'endedat',
    'fleet',
    'outcome',
    'peerid',
    'sealed',
    'seq',
    'serial',
    'startedat',
    'v',
  ])
})

test('fits to the last byte and refuses the byte beyond', () => {
  const room = 4096 - 2 - JSON.stringify(aSummary('web1', { reason: '' })).length
  const seal = (length: number) =>
    aResultWire('web1', replyKey, { summary: aSummary('web1', { reason: '', results: [filled(length)] }) })
  const bare = aSummary('web1').results[0] as SummaryBody['results'][number]
  const filled = (length: number) => ({ ...bare, elements: { s1: ['x'.repeat(length)] } })
  expect(openSummary(resultIn(seal(room - 2)), replySeed)).toHaveProperty('found')
  expect(() => seal(room - 1)).toThrow(expect.objectContaining({ code: 'too-large' }))
})

test('does not open when any bit of the sealed part is changed', () => {
  const result = aResult()
  const sealed = sealedBytes(result)
  // Every byte of key, beginning and tag; of the padding between, one of five.
  for (let at = 0; at < sealed.length; at += at < 200 || at >= sealed.length - 21 ? 1 : 5) {
    const changed = { ...result, sealed: base64UrlEncode(flipped(sealed, at, at % 8)) }
    expect(openSummary(changed, replySeed)).toEqual({ fault: 'not-openable' })
  }
})

test('does not open when anything outside is changed', () => {
  const result = aResult()
  const changes: readonly Partial<Result>[] = [
    { outcome: 'failed' },
    { seq: 4 },
    { serial: 2 },
    { actionid: `${'c'.repeat(51)}q` },
    { fleet: `${'c'.repeat(51)}q` },
    { peerid: keysOf('web2').peerId },
    { startedat: (result.startedat + 1000) as Result['startedat'] },
    { endedat: (result.endedat - 1000) as Result['endedat'] },
    { sealed: 'AA' },
    { sealed: `${result.sealed.slice(0, -1)}` },
  ]
  for (const change of changes)
    expect(openSummary({ ...result, ...change }, replySeed)).toEqual({ fault: 'not-openable' })
})

test("shows when another agent's ciphertext was signed as one's own (V80)", () => {
  // web2 seals what names web1 inside: it holds no plaintext of web1, but may know enough to write one.
  const { peerId } = keysOf('web2')
  const outer = anOuter('web2')
  const inner = utf8(JSON.stringify(aSummary('web1')))
  const padded = concat([uvarint(inner.length), inner, new Uint8Array(4096 - 2 - inner.length)])
  const sealed = base64UrlEncode(hpkeSeal(replyKey, utf8(actionId), canonicalBytes(outer), padded))
  const result = parseResultBody({ ...outer, sealed }) as Result
  expect(result.peerid).toBe(peerId)
  expect(openSummary(result, replySeed)).toEqual({ fault: 'inner-mismatch' })
  // web2 puts web1's own ciphertext under its own name: that is bound to the outer part already.
  const theirs = { ...result, sealed: aResult().sealed }
  expect(openSummary(theirs, replySeed)).toEqual({ fault: 'not-openable' })
})

test.each([
  ['no length', new Uint8Array(0), 'bad-padding'],
  ['a length beyond the end', Uint8Array.of(200, 1, 0x7b, 0x7d), 'bad-padding'],
  ['padding that is not zero', Uint8Array.of(2, 0x7b, 0x7d, 1), 'bad-padding'],
  ['a number for an object', Uint8Array.of(1, 0x31), 'bad-schema'],
  ['no JSON', Uint8Array.of(1, 0x7b), 'bad-schema'],
  ['text that is not UTF-8', Uint8Array.of(1, 0xff), 'bad-schema'],
])('survives an inner part with %s', (_, inner, fault) => {
  expect(openSummary(resultAround(inner), replySeed)).toEqual({ fault })
})

test.each([
  ['an unknown field', { ...aSummary('web1'), more: 1 }],
  ['a dangerous key', JSON.parse('{"results":[{"elements":{"__proto__":{"a":1}}}]}')],
  ['a name of something else', { ...aSummary('web1'), peerid: 'somebody' }],
  ['too many operations', { ...aSummary('web1'), found: Array(17).fill(0) }],
])('survives an inner part with %s', (_, value) => {
  const summary = value.peerid === undefined ? { ...aSummary('web1'), ...value } : value
  const json = utf8(JSON.stringify(summary))
  expect(openSummary(resultAround(concat([uvarint(json.length), json])), replySeed)).toEqual({
    fault: 'bad-schema',
  })
})

test('refuses to seal what no reader would take, or under another name', () => {
  const wrong = aSummary('web1', { found: [-1] })
  expect(() => aResultWire('web1', replyKey, { summary: wrong })).toThrow(
    expect.objectContaining({ code: 'internal' }),
  )
  const other = aSummary('web2')
  expect(() => aResultWire('web1', replyKey, { summary: other })).toThrow(
    expect.objectContaining({ code: 'internal' }),
  )
  const outer = anOuter('web1', { startedat: 'yesterday' })
  expect(() => aResultWire('web1', replyKey, { outer })).toThrow(
    expect.objectContaining({ code: 'internal' }),
  )
})

test('says when the reply key cannot be sealed to', () => {
  expect(() => aResultWire('web1', new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'bad-key' }))
})

test('cuts into pages and joins them again', () => {
  const results = [
    {
      foundanything: true,
      success: true,
      elements: { s: ['x'.repeat(150_000)] },
      statistics: null,
      errors: null,
    },
  ]
  const json = utf8(JSON.stringify(results))
  const pages = splitDetail(json)
  expect(pages.map((page) => page.length)).toEqual([65_536, 65_536, json.length - 131_072])
  expect(parseDetail(pages)).toEqual(results)
  expect(splitDetail(new Uint8Array(0))).toHaveLength(1)
  expect(splitDetail(new Uint8Array(10), 5)).toHaveLength(2)
  expect(splitDetail(new Uint8Array(256), 1)).toHaveLength(256)
  expect(() => splitDetail(new Uint8Array(257), 1)).toThrow(expect.objectContaining({ code: 'too-large' }))
})

test('reads no detail that is not a list of results', () => {
  expect(parseDetail([utf8('{}')])).toBeUndefined()
  expect(parseDetail([utf8('[1]')])).toBeUndefined()
  expect(parseDetail([])).toBeUndefined()
  expect(parseDetail([new Uint8Array(65_537)])).toBeUndefined()
  // Found before the parser runs, which would need minutes.
  expect(parseDetail(Array(256).fill(new Uint8Array(65_536).fill(0x5b)))).toBeUndefined()
})

test('opens a sealed page only in its place', () => {
  const { peerId } = keysOf('web1')
  const sealed = sealPage(utf8('page'), 3, actionId, peerId, replyKey)
  expect(utf8Decode(openPage(sealed, 3, actionId, peerId, replySeed) as Uint8Array)).toBe('page')
  expect(openPage(sealed, 2, actionId, peerId, replySeed)).toBeUndefined()
  expect(openPage(sealed, 3, `${'c'.repeat(51)}q`, peerId, replySeed)).toBeUndefined()
  expect(openPage(sealed, 3, actionId, keysOf('web2').peerId, replySeed)).toBeUndefined()
  expect(openPage(sealed, 3, actionId, peerId, seedOf('relay'))).toBeUndefined()
  for (let at = 0; at < sealed.length; at++)
    expect(openPage(flipped(sealed, at), 3, actionId, peerId, replySeed)).toBeUndefined()
  const huge = sealPage(new Uint8Array(65_537), 0, actionId, peerId, replyKey)
  expect(openPage(huge, 0, actionId, peerId, replySeed)).toBeUndefined()
  expect(
    openPage(sealPage(new Uint8Array(65_536), 0, actionId, peerId, replyKey), 0, actionId, peerId, replySeed),
  ).toHaveLength(65_536)
})

test('digests pages in their order', () => {
  // SHA-256 of "abc" (FIPS 180-2 B.1) in base32.
  expect(detailDigest([utf8('ab'), utf8('c')])).toBe('xj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq')
  expect(detailDigest([utf8('c'), utf8('ab')])).not.toBe(detailDigest([utf8('ab'), utf8('c')]))
})

test('prints how fast it seals and opens', () => {
  const rounds = 100
  const started = performance.now()
  const results = Array.from({ length: rounds }, () => aResult())
  const sealed = performance.now()
  for (const result of results) openSummary(result, replySeed)
  const opened = performance.now()
  const rate = (ms: number) => Math.round((rounds * 1000) / ms)
  console.log(`4 KiB: ${rate(sealed - started)} seal+verify/s, ${rate(opened - sealed)} open/s`)
})
