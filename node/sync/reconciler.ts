import { MigError } from '../core/error.ts'
import { leafMarks, maxTurnBytes, maxWantedMarks } from '../core/limits.ts'
import type { ItemKind } from './item.ts'
import type { Mark } from './mark.ts'
import type { MarkSet } from './mark-tree.ts'
import { type Part, placeOfPart, type Range, sizeOfRange } from './turn.ts'

/** How a set is described in a hello: a small one by its marks, at once, any other by its fingerprint. */
export type Summary = { readonly marks: readonly Mark[] } | { readonly fingerprint: string }

export function summarize(set: MarkSet): Summary {
  return set.count('') <= leafMarks ? { marks: [...set.under('')] } : { fingerprint: set.fingerprint('') }
}

/** One side of a reconciliation: finds out which marks each of two sets has that the other lacks, by comparing fingerprints of ever
 *  smaller parts (range-based set reconciliation; Meyer 2022). No IO, and no state outside one session: the sides speak in turns,
 *  the opener first, and each answers all that it heard in the turn before. Every difference costs the fingerprints on its path,
 *  some 512 bytes a level each way, whatever the size of the sets; equal sets cost nothing beyond the hellos.
 *
 *  A side that lies about fingerprints makes the other compare what is equal, within `maxTurnBytes` a turn and as deep as the other's
 *  own set is; it cannot make it leave out an item that it holds: what the liar lacks or says it lacks concerns the liar alone.
 *  The sets may change meanwhile; what is missed then is found by the next session. */
export interface Reconciler {
  /** Are turns needed? Both sides see the same from the two hellos. */
  readonly isNeeded: boolean
  /** There is more than fits into one session. */
  readonly more: boolean
  /** Marks of the other that are not here, at most `maxWantedMarks`. */
  needed(): ReadonlySet<Mark>
  /** What is to be said now, in at most `maxTurnBytes`. */
  speak(): readonly Range[]
  /** @throws MigError `bad-input` for what nobody asked */
  hear(ranges: readonly Range[]): void
}

/** After the second turn, the first that asks nothing ends the reconciliation. */
export function asks(ranges: readonly Range[]): boolean {
  return ranges.some(({ says }) => says !== 'missing')
}

/** @param sets of the kinds that both sides keep, in the order of kinds
 *  @param first whether this side opened */
export function createReconciler(
  sets: ReadonlyMap<ItemKind, MarkSet>,
  mine: ReadonlyMap<ItemKind, Summary>,
  theirs: ReadonlyMap<ItemKind, Summary>,
  first: boolean,
): Reconciler {
  const needed = new Set<Mark>()
  let more = false
  let offered = 0
  let hasSpoken = false
  let isNeeded = false
  /** What to say next, built only when it is said. */
  let answers: Answer[] = []
  /** Parts for which the other may say what is missing here, and those of which it may say more, by `placeOfPart`. */
  let askedMissing = new Set<string>()
  let askedDeeper = new Set<string>()

  const setOf = (kind: ItemKind): MarkSet => {
    const set = sets.get(kind)
    if (set === undefined) throw new MigError('bad-input', `sync: ${kind} is not compared here`)
    return set
  }

  for (const [kind, set] of sets) {
    const [ours, others] = [mine.get(kind), theirs.get(kind)]
    if (ours === undefined || others === undefined) continue
    if ('marks' in others) {
      for (const mark of others.marks) need(set, mark)
      if ('marks' in ours) continue
      answers.push({ kind, prefix: '', says: 'missing', except: new Set(others.marks) })
    } else if ('marks' in ours) askedMissing.add(placeOfPart({ kind, prefix: '' }))
    else if (ours.fingerprint === others.fingerprint) continue
    else if (first) answers.push({ kind, prefix: '', says: 'children' })
    else askedDeeper.add(parentOf({ kind, prefix: '' }))
    isNeeded = true
  }

  function need(set: MarkSet, mark: Mark): void {
    if (set.has(mark) || needed.has(mark)) return
    if (needed.size < maxWantedMarks) needed.add(mark)
    else more = true
  }

  function build({ kind, prefix, says, except }: Answer): Range | undefined {
    const set = setOf(kind)
    if (says === 'children') {
      return { kind, prefix, says, fingerprints: digits.map((digit) => set.fingerprint(prefix + digit)) }
    }
    if (says === 'whole') return { kind, prefix, says, marks: [...set.under(prefix)] }
    const marks: Mark[] = []
    for (const mark of set.under(prefix)) {
      if (except?.has(mark) === true) continue
      if (offered === maxWantedMarks) {
        more = true
        break
      }
      marks.push(mark)
      offered++
    }
    return marks.length === 0 ? undefined : { kind, prefix, says, marks }
  }

  function hearOne(range: Range): void {
    const { kind, prefix } = range
    const set = setOf(kind)
    // Of the whole set, the hello has said all but its parts.
    const mayGoDeeper = askedDeeper.has(parentOf(range)) && (prefix !== '' || range.says === 'children')
    if (range.says === 'missing') {
      if (!mayGoDeeper && !askedMissing.has(placeOfPart(range))) throw unasked(range)
      for (const mark of range.marks) need(set, mark)
      return
    }
    if (!mayGoDeeper) throw unasked(range)
    if (range.says === 'whole') {
      for (const mark of range.marks) need(set, mark)
      answers.push({ kind, prefix, says: 'missing', except: new Set(range.marks) })
      return
    }
    for (const [i, fingerprint] of range.fingerprints.entries()) {
      const part = { kind, prefix: prefix + digits[i] }
      if (fingerprint === set.fingerprint(part.prefix)) continue
      if (fingerprint === '') answers.push({ ...part, says: 'missing' })
      else answers.push({ ...part, says: set.count(part.prefix) <= leafMarks ? 'whole' : 'children' })
    }
  }

  return {
    get isNeeded() {
      return isNeeded
    },
    get more() {
      return more
    },
    needed: () => needed,
    speak() {
      const ranges: Range[] = []
      let bytes = 0
      // What the hello listed may still be answered after the opener's first turn.
      if (!first || hasSpoken) askedMissing = new Set()
      askedDeeper = new Set()
      hasSpoken = true
      // In ascending order, so that what had to be left out is the far end, and each session clears the next stretch whole.
      const inOrder = answers.sort((a, b) => (placeOfPart(a) < placeOfPart(b) ? -1 : 1))
      answers = []
      for (const answer of inOrder) {
        const range = build(answer)
        if (range === undefined) continue
        bytes += sizeOfRange(range)
        if (bytes > maxTurnBytes && ranges.length > 0) {
          more = true
          break
        }
        if (range.says === 'whole') askedMissing.add(placeOfPart(range))
        if (range.says === 'children') askedDeeper.add(placeOfPart(range))
        ranges.push(range)
      }
      return ranges
    },
    hear(ranges) {
      for (const range of ranges) hearOne(range)
    },
  }
}

interface Answer extends Part {
  readonly says: Range['says']
  readonly except?: ReadonlySet<Mark>
}

const digits = [...'0123456789abcdef']

/** Of the whole set, too, so that it can be asked for like any part. */
function parentOf({ kind, prefix }: Part): string {
  return prefix === ''
    ? `${placeOfPart({ kind, prefix })}^`
    : placeOfPart({ kind, prefix: prefix.slice(0, -1) })
}

function unasked({ kind, prefix, says }: Range): MigError {
  return new MigError('bad-input', `sync: nobody asked what is ${says} of ${kind} under "${prefix}"`)
}
