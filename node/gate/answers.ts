import type { Instant } from '../core/clock.ts'
import { base64UrlDecode, utf8 } from '../core/encoding.ts'
import { codeOf } from '../core/error.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { formatInstant } from '../core/instant.ts'
import { detailPageBytes, maxSummaryReasonChars } from '../core/limits.ts'
import type { Outcome, StatusKind } from '../core/outcome.ts'
import type { PeerId } from '../core/peer-id.ts'
import { detailPage, outbox } from '../store/keyspace.ts'
import type { Change } from '../store/store.ts'
import { encodeWithCertificate } from '../verification/node-documents.ts'
import { sealEnvelope } from '../verification/node-envelope.ts'
import { detailDigest, fitSummary, sealPage, sealSummary, splitDetail } from '../verification/seal.ts'
import type { ActionRecord } from './replay-memory.ts'
import type { RunReport } from './runner.ts'

/** Signs what leaves this machine: sealed results and statuses. The only user of the answer key besides the heartbeat. */
export interface AnswerWriter {
  /** Outbox entry and detail pages of an outcome, as one batch for the replay memory. */
  outcome(
    record: ActionRecord,
    outcome: Outcome,
    reports: readonly RunReport[],
    reason: string | undefined,
    endedAt: Instant,
  ): readonly Change[]
  /** @param signers the keys whose signatures hold on the copy that was judged */
  status(
    actionId: string,
    status: StatusKind,
    reason: string,
    signers: readonly Fingerprint[],
    at: Instant,
  ): Uint8Array
}

export function createAnswerWriter(identity: {
  readonly fleet: string
  readonly peer: PeerId
  readonly serial: number
  readonly answerSeed: Uint8Array
  readonly certificateWire: Uint8Array
  readonly nextSeq: () => number
  /** Of the key that one summary is sealed from; a fresh one when absent. */
  readonly ephemeralSeed?: () => Uint8Array
}): AnswerWriter {
  const { fleet, peer, serial, answerSeed, certificateWire, nextSeq } = identity
  return {
    outcome(record, outcome, reports, reason, endedAt) {
      const replyKey = base64UrlDecode(record.replyKey) ?? new Uint8Array(32)
      const results = reports.map((report) => report.result)
      const found = reports.map((report) => report.found)
      const whole = fitSummary(results, found, record.summaryBytes, { peerid: peer, reason })
      let summary = whole.summary
      const pages: Uint8Array[] = []
      if (!whole.complete) {
        const parts = splitDetail(utf8(JSON.stringify(results)), detailPageBytes)
        for (const [page, part] of parts.entries()) {
          pages.push(sealPage(part, page, record.id, peer, replyKey))
        }
        const detail = { pages: pages.length, sha256: detailDigest(pages) }
        summary = fitSummary(results, found, record.summaryBytes, { peerid: peer, reason, detail }).summary
      }
      const wire = sealSummary({
        outer: {
          v: 1,
          fleet,
          actionid: record.id,
          peerid: peer,
          serial,
          seq: nextSeq(),
          outcome,
          startedat: formatInstant(record.startedAt as Instant),
          endedat: formatInstant(endedAt),
        },
        summary,
        replyKey,
        sizeBytes: record.summaryBytes,
        answerSeed,
        ...(identity.ephemeralSeed === undefined ? {} : { ephemeralSeed: identity.ephemeralSeed() }),
      })
      return [
        { put: outbox(record.id), value: encodeWithCertificate(certificateWire, wire) },
        ...pages.map((value, page): Change => ({ put: detailPage(record.id, page), value })),
      ]
    },
    status(actionId, status, reason, signers, at) {
      const body = {
        v: 1,
        fleet,
        actionid: actionId,
        peerid: peer,
        serial,
        seq: nextSeq(),
        status,
        reason: inCanonicalForm(reason),
        signers,
        at: formatInstant(at),
      }
      return encodeWithCertificate(certificateWire, sealEnvelope('mig-status', body, answerSeed))
    },
  }
}

/** False for a key of small order, to which nothing can be sealed. */
export function canSealTo(replyKey: Uint8Array): boolean {
  try {
    sealPage(new Uint8Array(0), 0, '', '', replyKey)
    return true
  } catch (error) {
    if (codeOf(error) !== 'bad-key') throw error
    return false
  }
}

/** A reason may quote a target or a name: what has no canonical form is taken out (protocol 2.2). */
function inCanonicalForm(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u00b7')
    .slice(0, maxSummaryReasonChars)
    .toWellFormed()
}
