import type { Answer } from '../core/accounting.ts'
import { formatInstant } from '../core/instant.ts'
import type { PeerId } from '../core/peer-id.ts'
import { parseResultBody, parseStatusBody, type Result, type Status, type Summary } from '../core/result.ts'
import * as keys from '../store/keyspace.ts'
import type { ItemKind } from '../sync/item.ts'
import { currentSigners } from '../verification/authorize-action.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { openEnvelope } from '../verification/node-envelope.ts'
import { openSummary } from '../verification/seal.ts'
import type { TrustedPolicy } from '../verification/trusted-policy.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import type { Shelf } from './shelf.ts'

/** What this node holds of one agent for one action. */
export interface HeldAnswer {
  readonly peer: PeerId
  readonly result?: Result
  /** Opened with the action's reply key; a string says why it could not be. */
  readonly summary?: Summary | string
  readonly status?: Status
}

/** Reads and opens all answers to one action. Each was verified at the door; checking and opening it again costs 0.5 ms, so what
 *  was read once is remembered under its mark, which changes when the answer does. */
export interface AnswerReader {
  read(actionId: string, replySeed: Uint8Array | undefined): Promise<readonly HeldAnswer[]>
  /** What is held of one agent: a result, else a status, else nothing. */
  readOf(actionId: string, peer: PeerId, replySeed: Uint8Array | undefined): Promise<readonly HeldAnswer[]>
}

const maxRemembered = 20_000

export function createAnswerReader(shelf: Shelf): AnswerReader {
  const remembered = new Map<string, HeldAnswer>()

  async function documentOf(kind: ItemKind, key: string): Promise<unknown> {
    const held = await shelf.get(kind, key)
    const envelope = held === undefined ? undefined : decodeWithCertificate(held.bytes)?.envelopeWire
    if (envelope === undefined) return undefined
    const document = openEnvelope(kind === 'result' ? 'mig-result' : 'mig-status', envelope)
    return 'value' in document ? document.value : undefined
  }

  async function readOne(
    kind: 'result' | 'status',
    key: string,
    replySeed: Uint8Array | undefined,
  ): Promise<HeldAnswer | undefined> {
    const document = await documentOf(kind, key)
    if (kind === 'status') {
      const status = parseStatusBody(document)
      return typeof status === 'string' ? undefined : { peer: status.peerid, status }
    }
    const result = parseResultBody(document)
    if (typeof result === 'string') return undefined
    if (replySeed === undefined) return { peer: result.peerid, result }
    const summary = openSummary(result, replySeed)
    return { peer: result.peerid, result, summary: 'fault' in summary ? summary.fault : summary }
  }

  async function recall(
    kind: 'result' | 'status',
    key: string,
    replySeed: Uint8Array | undefined,
  ): Promise<HeldAnswer | undefined> {
    const mark = `${shelf.markOf(kind, key)} ${replySeed !== undefined}`
    const answer = remembered.get(mark) ?? (await readOne(kind, key, replySeed))
    if (answer === undefined) return undefined
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(mark, answer)
    return answer
  }

  return {
    async readOf(actionId, peer, replySeed) {
      const places = [
        ['result', keys.result(actionId, peer)],
        ['status', keys.status(actionId, peer)],
      ] as const
      for (const [kind, key] of places) {
        if (shelf.markOf(kind, key) === undefined) continue
        const answer = await recall(kind, key, replySeed)
        if (answer !== undefined) return [answer]
      }
      return []
    },
    async read(actionId, replySeed) {
      const answers: HeldAnswer[] = []
      const withOutcome = new Set<PeerId>()
      const ranges = { result: keys.resultRange(actionId), status: keys.statusRange(actionId) }
      for (const kind of ['result', 'status'] as const) {
        for (const key of shelf.keys(kind)) {
          if (!key.startsWith(ranges[kind].from)) continue
          const answer = await recall(kind, key, replySeed)
          if (answer === undefined || withOutcome.has(answer.peer)) continue
          if (kind === 'result') withOutcome.add(answer.peer)
          answers.push(answer)
        }
      }
      return answers
    },
  }
}

/** Did an agent judge a copy of this action that somebody whose signature counts had not signed? (protocol 4.5)
 *  Persons are compared: of one who signed with two keys, two nodes may hold different signatures. */
export function judgedFewer(
  action: VerifiedAction,
  policy: TrustedPolicy,
): (status: Pick<Status, 'signers'>) => boolean {
  const wanted = [...currentSigners(action, policy)]
  return ({ signers }) => {
    const persons = new Set(signers.map((key) => policy.keyring.byAnyFingerprint(key)?.person))
    return wanted.some((person) => !persons.has(person))
  }
}

/** The same, as the accounting takes it (protocol D5).
 *  @param isOutdated what `judgedFewer` says */
export function accountable(
  answers: readonly HeldAnswer[],
  isOutdated: (status: Status) => boolean,
): ReadonlyMap<PeerId, Answer> {
  return new Map(
    answers.map(({ peer, result, summary, status }): [PeerId, Answer] => {
      if (result !== undefined) {
        const isOpen = summary !== undefined && typeof summary !== 'string'
        // What it says outside is nothing: `done` without anything that can be read must not pass for clean.
        const outcome = typeof summary === 'string' ? 'failed' : result.outcome
        const reason = typeof summary === 'string' ? `answer cannot be opened: ${summary}` : summary?.reason
        return [
          peer,
          {
            kind: 'outcome',
            outcome,
            found: isOpen && summary.found.some((count) => count > 0),
            ...(reason === undefined ? {} : { reason }),
          },
        ]
      }
      if (status === undefined) return [peer, { kind: 'status', status: 'accepted', reason: '' }]
      const outdated = isOutdated(status) ? { outdated: true } : {}
      return [peer, { kind: 'status', status: status.status, reason: status.reason, ...outdated }]
    }),
  )
}

export function timesOf(result: Result): { readonly startedat: string; readonly endedat: string } {
  return { startedat: formatInstant(result.startedat), endedat: formatInstant(result.endedat) }
}
