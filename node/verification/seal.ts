import { createHash } from 'node:crypto'
import { ByteReader, concat, uvarint } from '../core/bytes.ts'
import { canonicalBytes } from '../core/canonical-json.ts'
import { base32Encode, base64UrlDecode, base64UrlEncode, utf8 } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { formatInstant } from '../core/instant.ts'
import { detailPageBytes, maxDetailPages, maxOperations } from '../core/limits.ts'
import {
  moduleResultSchema,
  parseResultBody,
  parseSummaryBody,
  type Result,
  type ResultBody,
  type SealedModuleResult,
  type Summary,
  type SummaryBody,
} from '../core/result.ts'
import { parseHostileJson } from './hostile-json.ts'
import { hpkeOpen, hpkeOverheadBytes, hpkeSeal } from './hpke.ts'
import { sealEnvelope } from './node-envelope.ts'

export { fitSummary } from './fit-summary.ts'

type Outer = Omit<ResultBody, 'sealed'>

/** Seals a summary to the action's reply key, padded to one size for all agents, and signs around it (protocol 3.8).
 *  Inside: `uvarint(length) ‖ JSON ‖ zeros`, in all exactly `sizeBytes`.
 *  @param input.sizeBytes `summaryBytesOf(action)`
 *  @param input.ephemeralSeed for tests and simulations only
 *  @returns the wire form of a `mig-result` envelope
 *  @throws MigError `too-large` when the summary does not fit, `bad-key` when nothing can be sealed to the reply key,
 *  `internal` when outer part or summary break their own schemas */
export function sealSummary(input: {
  readonly outer: Outer
  readonly summary: SummaryBody
  readonly replyKey: Uint8Array
  readonly sizeBytes: number
  readonly answerSeed: Uint8Array
  readonly ephemeralSeed?: Uint8Array
}): Uint8Array {
  const { outer, summary, replyKey, sizeBytes, answerSeed, ephemeralSeed } = input
  const problem = faultOf(parseSummaryBody(summary)) ?? faultOf(parseResultBody({ ...outer, sealed: 'AA' }))
  if (problem !== undefined) throw new MigError('internal', `a summary of our own is malformed: ${problem}`)
  if (summary.peerid !== outer.peerid)
    throw new MigError('internal', 'a summary names another peer than its result')
  const inner = pad(utf8(JSON.stringify(summary)), sizeBytes)
  const sealed = sealTo(replyKey, utf8(outer.actionid), canonicalBytes(outer), inner, ephemeralSeed)
  return sealEnvelope('mig-result', { ...outer, sealed: base64UrlEncode(sealed) }, answerSeed)
}

/** `not-openable`: not sealed to this key, for this action, with this outer part. `inner-mismatch`: another's ciphertext
 *  was signed as one's own (security V80). */
export interface SummaryFault {
  readonly fault: 'not-openable' | 'bad-padding' | 'bad-schema' | 'inner-mismatch'
}

/** Opens what `sealSummary` sealed. `result` must come from a verified envelope. */
export function openSummary(result: Result, replySeed: Uint8Array): Summary | SummaryFault {
  const { sealed, ...outer } = result
  const ciphertext = base64UrlDecode(sealed)
  // Every instant that was read prints as it was written, so this is the outer part as the agent saw it.
  const body: Outer = {
    ...outer,
    startedat: formatInstant(result.startedat),
    endedat: formatInstant(result.endedat),
  }
  const inner =
    ciphertext === undefined
      ? undefined
      : hpkeOpen(replySeed, utf8(result.actionid), canonicalBytes(body), ciphertext)
  if (inner === undefined) return { fault: 'not-openable' }
  const json = unpad(inner)
  if (json === undefined) return { fault: 'bad-padding' }
  const summary = parseSummaryBody(parseHostileJson(json))
  if (typeof summary === 'string') return { fault: 'bad-schema' }
  return summary.peerid === result.peerid ? summary : { fault: 'inner-mismatch' }
}

/** The whole result in JSON, cut into pages in order; at least one.
 *  @throws MigError `too-large` beyond `maxDetailPages` */
export function splitDetail(json: Uint8Array, pageBytes: number = detailPageBytes): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(json.length / pageBytes))
  if (count > maxDetailPages)
    throw new MigError(
      'too-large',
      `a result of ${json.length} bytes needs ${count} pages of ${maxDetailPages}`,
    )
  return Array.from({ length: count }, (_, page) => json.subarray(page * pageBytes, (page + 1) * pageBytes))
}

/** Reads the pages again, joined in order: one result an operation. Undefined when they are not that. */
export function parseDetail(pages: readonly Uint8Array[]): readonly SealedModuleResult[] | undefined {
  if (pages.length > maxDetailPages || pages.some((page) => page.length > detailPageBytes)) return undefined
  const parsed = moduleResultSchema
    .array()
    .max(maxOperations)
    .safeParse(parseHostileJson(concat(pages)))
  return parsed.success ? parsed.data : undefined
}

/** Seals one page: HPKE with info `<actionid>/detail` and aad canonical `{page, peerid}`, so that no page passes for another.
 *  @throws MigError `bad-key` */
export function sealPage(
  page: Uint8Array,
  index: number,
  actionid: string,
  peerid: string,
  replyKey: Uint8Array,
): Uint8Array {
  return sealTo(replyKey, utf8(`${actionid}/detail`), canonicalBytes({ peerid, page: index }), page)
}

/** Undefined when it is not that page, or not for this key. */
export function openPage(
  sealed: Uint8Array,
  index: number,
  actionid: string,
  peerid: string,
  replySeed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length > detailPageBytes + hpkeOverheadBytes) return undefined
  return hpkeOpen(replySeed, utf8(`${actionid}/detail`), canonicalBytes({ peerid, page: index }), sealed)
}

/** base32 SHA-256 over all sealed pages in order, one after the other. Where one ends the next cannot begin elsewhere:
 *  each page's own tag would break. */
export function detailDigest(sealedPages: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const page of sealedPages) hash.update(page)
  return base32Encode(hash.digest())
}

function sealTo(
  key: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  ephemeral?: Uint8Array,
): Uint8Array {
  try {
    return hpkeSeal(key, info, aad, plaintext, ephemeral)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new MigError('bad-key', 'the reply key of the action cannot be sealed to', { cause })
  }
}

function pad(json: Uint8Array, sizeBytes: number): Uint8Array {
  const length = uvarint(json.length)
  const spare = sizeBytes - length.length - json.length
  if (spare < 0)
    throw new MigError('too-large', `a summary of ${json.length} bytes does not fit into ${sizeBytes}`)
  return concat([length, json, new Uint8Array(spare)])
}

function unpad(inner: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(inner)
  const json = reader.prefixed(inner.length)
  if (json === undefined) return undefined
  const padding = reader.rest()
  return padding.every((byte) => byte === 0) ? json : undefined
}

function faultOf(parsed: object | string): string | undefined {
  return typeof parsed === 'string' ? parsed : undefined
}
