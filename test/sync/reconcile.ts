import { maxTurns } from '../../node/core/limits.ts'
import type { Mark } from '../../node/sync/mark.ts'
import type { MarkTree } from '../../node/sync/mark-tree.ts'
import { asks, createReconciler, type Reconciler, summarize } from '../../node/sync/reconciler.ts'
import { decodeTurn, encodeTurn } from '../../node/sync/turn.ts'

export interface Reconciled {
  /** What each side found that the other has and it has not. */
  readonly opener: ReadonlySet<Mark>
  readonly other: ReadonlySet<Mark>
  readonly turns: number
  /** Of all turns, without the hellos. */
  readonly bytes: number
  readonly more: boolean
}

/** Two sides of one kind, with every turn going over the wire form. */
export function reconcile(opener: MarkTree, other: MarkTree): Reconciled {
  const summaries = [opener, other].map((set) => new Map([['result' as const, summarize(set)]]))
  const [mine = new Map(), theirs = new Map()] = summaries
  const sides: [Reconciler, Reconciler] = [
    createReconciler(new Map([['result', opener]]), mine, theirs, true),
    createReconciler(new Map([['result', other]]), theirs, mine, false),
  ]
  let bytes = 0
  let turns = 0
  if (sides[0].isNeeded !== sides[1].isNeeded) throw new Error('the sides disagree on whether to talk')
  while (sides[0].isNeeded) {
    const [speaker, hearer] = turns % 2 === 0 ? sides : [sides[1], sides[0]]
    const wire = encodeTurn(speaker.speak())
    const ranges = decodeTurn(wire)
    if (ranges === undefined) throw new Error('a turn that was made cannot be read')
    bytes += wire.length
    hearer.hear(ranges)
    turns++
    if (turns > maxTurns) throw new Error('it does not end')
    if (turns >= 2 && !asks(ranges)) break
  }
  return {
    opener: sides[0].needed(),
    other: sides[1].needed(),
    turns,
    bytes,
    more: sides.some((side) => side.more),
  }
}

/** Sessions until nothing is left, each bringing all that was found. @returns how many */
export function converge(opener: MarkTree, other: MarkTree): number {
  for (let sessions = 1; ; sessions++) {
    const found = reconcile(opener, other)
    const moved = found.opener.size + found.other.size
    for (const mark of found.opener) opener.add(mark)
    for (const mark of found.other) other.add(mark)
    if (!found.more) return sessions
    if (moved === 0) throw new Error('there is more, and it never comes')
  }
}
