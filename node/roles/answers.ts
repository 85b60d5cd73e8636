import type { Answer } from '../core/accounting.ts'
import { formatInstant } from '../core/instant.ts'
import type { PeerId } from '../core/peer-id.ts'
import { parseResultBody, parseStatusBody, type Result, type Status, type Summary } from '../core/result.ts'
import * as keys from '../store/keyspace.ts'
import type { ItemKind } from '../sync/item.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { openSummary } from '../verification/seal.ts'
import type { Shelf } from './shelf.ts'

/** What this node holds of one agent for one action. */
export interface HeldAnswer {
  readonly peer: PeerId
  readonly result?: Result
  /** Opened with the action's reply key; a string says why it could not be. */
  readonly summary?: Summary | string
  readonly status?: Status
}

/** Reads and opens all answers to one action. Opening costs 0.3 ms each, so what was opened once is remembered. */
export interface AnswerReader {
  read(actionId: string, replySeed: Uint8Array | undefined): Promise<readonly HeldAnswer[]>
}

const maxRemembered = 20_000

export function createAnswerReader(shelf: Shelf): AnswerReader {
  const opened = new Map<string, Summary | string>()

  async function documentOf(kind: ItemKind, key: string): Promise<unknown> {
    const held = await shelf.get(kind, key)
    const envelope = held === undefined ? undefined : decodeWithCertificate(held.bytes)?.envelopeWire
    if (envelope === undefined) return undefined
    const document = openEnvelope(kind === 'result' ? 'mig-result' : 'mig-status', envelope)
    return 'value' in document ? document.value : undefined
  }

  function open(key: string, result: Result, replySeed: Uint8Array): Summary | string {
    const before = opened.get(key)
    if (before !== undefined) return before
    const summary = openSummary(result, replySeed)
    const kept = 'fault' in summary ? summary.fault : summary
    if (opened.size >= maxRemembered) opened.clear()
    opened.set(key, kept)
    return kept
  }

  return {
    async read(actionId, replySeed) {
      const answers: HeldAnswer[] = []
      const of = (key: string) => keys.keyParts(key)[0] === actionId
      for (const key of shelf.keys('result').filter(of)) {
        const result = parseResultBody(await documentOf('result', key))
        if (typeof result === 'string') continue
        answers.push(
          replySeed === undefined
            ? { peer: result.peerid, result }
            : { peer: result.peerid, result, summary: open(key, result, replySeed) },
        )
      }
      for (const key of shelf.keys('status').filter(of)) {
        const status = parseStatusBody(await documentOf('status', key))
        if (typeof status !== 'string') answers.push({ peer: status.peerid, status })
      }
      return answers
    },
  }
}

/** The same, as the accounting takes it (protocol D5). */
export function accountable(answers: readonly HeldAnswer[]): ReadonlyMap<PeerId, Answer> {
  return new Map(
    answers.map(({ peer, result, summary, status }): [PeerId, Answer] => {
      if (result !== undefined) {
        const isOpen = summary !== undefined && typeof summary !== 'string'
        const reason = typeof summary === 'string' ? `answer cannot be opened: ${summary}` : summary?.reason
        return [
          peer,
          {
            kind: 'outcome',
            outcome: result.outcome,
            found: isOpen && summary.found.some((count) => count > 0),
            ...(reason === undefined ? {} : { reason }),
          },
        ]
      }
      return [peer, { kind: 'status', status: status?.status ?? 'accepted', reason: status?.reason ?? '' }]
    }),
  )
}

export function timesOf(result: Result): { readonly startedat: string; readonly endedat: string } {
  return { startedat: formatInstant(result.startedat), endedat: formatInstant(result.endedat) }
}
