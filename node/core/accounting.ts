import type { Outcome, StatusKind } from './outcome.ts'
import type { PeerId } from './peer-id.ts'

/** One agent that an action was expected to reach, as the roster showed it when the action was sent. */
export interface Expected {
  readonly peer: PeerId
  readonly name: string
}

/** What a collector holds of one agent for one action. */
export type Answer =
  | { readonly kind: 'outcome'; readonly outcome: Outcome; readonly found: boolean; readonly reason?: string }
  | {
      readonly kind: 'status'
      readonly status: StatusKind
      readonly reason: string
      /** It judged a copy with fewer signatures: no answer to the whole action yet (protocol 4.5). */
      readonly outdated?: boolean
    }

export interface Line {
  readonly peer: PeerId
  readonly name: string
  /** `done`, `timed-out`, a refusal's reason … as it stands in the view. */
  readonly note: string
  readonly found: boolean
  /** It has signed two different outcomes; the first is what counts. */
  readonly contradicted?: true
  /** Of a silent one whose clock did not agree when it was last met directly; negative when behind. */
  readonly clockAheadMinutes?: number
}

/** The account of one action. The four groups never overlap and always add up to `expected`, by name (protocol D5). */
export interface Accounting {
  readonly expected: number
  readonly answered: readonly Line[]
  readonly failed: readonly Line[]
  readonly refused: readonly Line[]
  readonly silent: readonly Line[]
  /** Answers from outside the frozen set. */
  readonly unexpected: readonly Line[]
  /** Among the answered, those with a hit. */
  readonly found: number
}

/** Sorts every expected agent into exactly one group.
 *  @param answers the latest word of each agent; an outcome beats any status
 *  @param nameOf a name for an agent that was not expected
 *  @param contradicting those who have signed two different outcomes */
export function account(
  expected: readonly Expected[],
  answers: ReadonlyMap<PeerId, Answer>,
  nameOf: (peer: PeerId) => string,
  contradicting: ReadonlySet<PeerId> = new Set(),
): Accounting {
  const lineOf = (peer: PeerId, name: string, answer: Answer | undefined): Line => ({
    peer,
    name,
    note: contradicting.has(peer) ? `${noteOf(answer)}; signed another outcome, too` : noteOf(answer),
    found: isHit(answer),
    ...(contradicting.has(peer) ? { contradicted: true } : {}),
  })
  const groups = { answered: [] as Line[], failed: [] as Line[], refused: [] as Line[], silent: [] as Line[] }
  const frozen = new Set<PeerId>()
  for (const { peer, name } of expected) {
    if (frozen.has(peer)) continue
    frozen.add(peer)
    const answer = answers.get(peer)
    groups[groupOf(answer)].push(lineOf(peer, name, answer))
  }
  const unexpected: Line[] = []
  for (const [peer, answer] of answers) {
    // "This is not for me" from somebody nobody counted on is no news.
    if (frozen.has(peer) || (answer.kind === 'status' && answer.status === 'not-targeted')) continue
    unexpected.push(lineOf(peer, nameOf(peer), answer))
  }
  return {
    expected: frozen.size,
    ...groups,
    unexpected,
    found: groups.answered.filter((line) => line.found).length,
  }
}

function groupOf(answer: Answer | undefined): 'answered' | 'failed' | 'refused' | 'silent' {
  if (answer === undefined) return 'silent'
  if (answer.kind === 'outcome') {
    if (answer.outcome === 'done') return 'answered'
    return answer.outcome === 'cancelled' ? 'refused' : 'failed'
  }
  // Accepted and running are promises, not answers; and what was said of less than is asked now is none.
  return answer.outdated === true || answer.status === 'accepted' || answer.status === 'running'
    ? 'silent'
    : 'refused'
}

function noteOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'no answer yet'
  if (answer.kind === 'outcome')
    return answer.reason === undefined ? answer.outcome : `${answer.outcome}: ${answer.reason}`
  const note = answer.reason === '' ? answer.status : `${answer.status}: ${answer.reason}`
  return answer.outdated === true
    ? `no answer yet to the copy with all signatures; to another, ${note}`
    : note
}

function isHit(answer: Answer | undefined): boolean {
  return answer?.kind === 'outcome' && answer.outcome === 'done' && answer.found
}

/** Exit code of a command that asked (command-line.md): 5 nothing expected · 3 all refused · 4 somebody silent · 1 any failed or refused · 0. */
export function exitCodeOf(accounting: Accounting): 0 | 1 | 3 | 4 | 5 {
  if (accounting.expected === 0) return 5
  if (accounting.refused.length === accounting.expected) return 3
  if (accounting.silent.length > 0) return 4
  return accounting.failed.length + accounting.refused.length > 0 ? 1 : 0
}

/** "12 expected, 11 answered (3 found), 1 silent: web7" — the last line of every question. */
export function accountingLine(accounting: Accounting): string {
  const names = (lines: readonly Line[]) => lines.map((line) => line.name).join(', ')
  const parts = [
    `${accounting.expected} expected`,
    `${accounting.answered.length} answered (${accounting.found} found)`,
  ]
  if (accounting.failed.length > 0)
    parts.push(`${accounting.failed.length} failed: ${names(accounting.failed)}`)
  if (accounting.refused.length > 0)
    parts.push(`${accounting.refused.length} refused: ${names(accounting.refused)}`)
  if (accounting.silent.length > 0)
    parts.push(`${accounting.silent.length} silent: ${names(accounting.silent)}`)
  if (accounting.unexpected.length > 0)
    parts.push(`+${accounting.unexpected.length} not expected: ${names(accounting.unexpected)}`)
  const { answered, failed, refused, unexpected } = accounting
  const contradicted = [...answered, ...failed, ...refused, ...unexpected].filter((line) => line.contradicted)
  if (contradicted.length > 0)
    parts.push(`${contradicted.length} signed two different outcomes: ${names(contradicted)}`)
  const line = parts.join(', ')
  return accounting.silent.length > 0 && accounting.found === 0 ? `${line} — incomplete, not clean` : line
}
