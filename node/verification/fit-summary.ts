import { uvarint } from '../core/bytes.ts'
import {
  maxDetailPages,
  maxSummaryErrorChars,
  maxSummaryErrors,
  maxSummaryReasonChars,
} from '../core/limits.ts'
import type { SummaryBody } from '../core/result.ts'

/** MIG's five fields, as a module gives them. */
export interface FittedResult {
  readonly foundanything: boolean
  readonly success: boolean
  readonly elements: unknown
  readonly statistics: unknown
  readonly errors: readonly string[] | null
  readonly truncated?: boolean | undefined
}

export interface SummaryRest {
  readonly peerid: string
  readonly reason?: string | undefined
  readonly detail?: SummaryBody['detail'] | undefined
}

/** Makes the summary that fits into `sizeBytes` of sealed room, cutting whole elements where it must.
 *  Kept are, in this order: why an operation failed, its elements in turn by operation and by group (a search label, an
 *  asked address), its other errors. An operation that was cut is `truncated`; `found` always holds the full counts.
 *  Room for `detail` is left when something is cut, so that it can be added afterwards.
 *  Each element is measured at most once an attempt, and no more of them than fit and a few beside.
 *  @returns complete: nothing was cut */
export function fitSummary(
  results: readonly FittedResult[],
  found: readonly number[],
  sizeBytes: number,
  rest: SummaryRest,
): { readonly summary: SummaryBody; readonly complete: boolean } {
  const frame: SummaryBody = {
    peerid: rest.peerid,
    results: [],
    found: [...found],
    truncated: false,
    ...(rest.reason === undefined
      ? {}
      : { reason: clip(rest.reason, maxSummaryReasonChars, maxReasonBytes) }),
    ...(rest.detail === undefined ? {} : { detail: rest.detail }),
  }
  const room = sizeBytes - uvarint(sizeBytes).length - sizeOf(frame)
  const whole = fill(results, room, false)
  if (whole.every((draft) => !draft.cut)) return { summary: summaryOf(frame, whole), complete: true }
  const cut = fill(results, room - (rest.detail === undefined ? detailRoomBytes : 0), true)
  return { summary: summaryOf(frame, cut), complete: false }
}

/** 512 characters are at most so many bytes unless they are escapes. */
const maxReasonBytes = 1024
const detailRoomBytes = `,"detail":{"pages":${maxDetailPages},"sha256":"${'a'.repeat(52)}"}`.length
/** Elements too large for what is left, after which a group is given up. */
const maxMisses = 8

interface Group {
  readonly source: readonly unknown[]
  readonly kept: unknown[]
  next: number
  misses: number
}

interface Draft {
  readonly source: FittedResult
  elements: unknown
  statistics: unknown
  groups: Group[]
  readonly errors: Group | undefined
  cut: boolean
}

function fill(results: readonly FittedResult[], roomBytes: number, cutting: boolean): readonly Draft[] {
  const drafts = results.map(draftOf)
  const baseOf = (draft: Draft) => sizeOf(bodyOf(draft, cutting || draft.source.truncated === true))
  let left =
    roomBytes - drafts.reduce((sum, draft) => sum + baseOf(draft), 0) - Math.max(0, drafts.length - 1)
  // Labels and statistics alone can be too much: then the largest operations lose theirs.
  const largestFirst = left >= 0 ? [] : [...drafts].sort((a, b) => baseOf(b) - baseOf(a))
  for (const draft of largestFirst) {
    if (left >= 0) break
    const before = baseOf(draft)
    draft.elements = null
    draft.groups = []
    draft.cut = true
    if (left + before - baseOf(draft) < 0) draft.statistics = null
    left += before - baseOf(draft)
  }

  const keep = (group: Group, allowed: boolean, item: unknown) => {
    const cost = sizeOf(item) + (group.kept.length > 0 ? 1 : 0)
    if (allowed && cost <= left) {
      group.kept.push(item)
      left -= cost
    } else group.misses++
    return group.next < group.source.length && group.misses < maxMisses
  }
  const offerElement = (group: Group) => keep(group, true, group.source[group.next++])
  const offerError = (group: Group) => {
    const error = group.source[group.next++]
    return keep(
      group,
      String(error).length <= maxSummaryErrorChars && group.kept.length < maxSummaryErrors,
      error,
    )
  }
  for (const { source, errors } of drafts) if (!source.success && errors !== undefined) offerError(errors)
  goRound(
    drafts.map((draft) => draft.groups),
    offerElement,
  )
  goRound(
    drafts.map((draft) => (draft.errors === undefined ? [] : [draft.errors])),
    offerError,
  )
  for (const draft of drafts) {
    const all = draft.errors === undefined ? draft.groups : [...draft.groups, draft.errors]
    draft.cut ||= all.some((group) => group.kept.length < group.source.length)
  }
  return drafts
}

/** One item an operation a round, from its groups in turn, until nobody has more. `offer` says whether a group goes on. */
function goRound(operations: readonly (readonly Group[])[], offer: (group: Group) => boolean): void {
  const hasMore = (group: Group) => group.next < group.source.length && group.misses < maxMisses
  let turns = operations.map((groups) => ({ groups: groups.filter(hasMore), at: 0 }))
  while (turns.length > 0) {
    turns = turns.filter((turn) => turn.groups.length > 0)
    for (const turn of turns) {
      const at = turn.at % turn.groups.length
      const group = turn.groups[at]
      if (group !== undefined && offer(group)) turn.at = at + 1
      else {
        const last = turn.groups.pop()
        if (last !== undefined && at < turn.groups.length) turn.groups[at] = last
        turn.at = at
      }
    }
  }
}

function draftOf(source: FittedResult): Draft {
  const groups: Group[] = []
  const elements = skeleton(source.elements, groups, 0)
  const errors = source.errors === null || source.errors.length === 0 ? undefined : groupOf(source.errors)
  return { source, elements, statistics: source.statistics ?? null, groups, errors, cut: false }
}

const groupOf = (source: readonly unknown[]): Group => ({ source, kept: [], next: 0, misses: 0 })
const maxSkeletonDepth = 16

/** The same object with its outermost arrays empty; each of them is a group. */
function skeleton(value: unknown, groups: Group[], depth: number): unknown {
  if (Array.isArray(value)) {
    const group = groupOf(value)
    groups.push(group)
    return group.kept
  }
  if (typeof value !== 'object' || value === null || depth === maxSkeletonDepth) return value ?? null
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item === undefined ? undefined : skeleton(item, groups, depth + 1),
    ]),
  )
}

function bodyOf(draft: Draft, truncated: boolean): SummaryBody['results'][number] {
  return {
    foundanything: draft.source.foundanything,
    success: draft.source.success,
    elements: draft.elements,
    statistics: draft.statistics,
    errors: draft.source.errors === null ? null : ((draft.errors?.kept ?? []) as string[]),
    ...(truncated ? { truncated } : {}),
  }
}

function summaryOf(frame: SummaryBody, drafts: readonly Draft[]): SummaryBody {
  const results = drafts.map((draft) => bodyOf(draft, draft.cut || draft.source.truncated === true))
  return { ...frame, results, truncated: results.some((result) => result.truncated === true) }
}

/** Bytes of its JSON. */
function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? 'null')
}

function clip(text: string, maxChars: number, maxBytes: number): string {
  let kept = ''
  for (const character of text) {
    if (kept.length + character.length > maxChars || sizeOf(kept + character) > maxBytes) break
    kept += character
  }
  return kept
}
