import { z } from 'zod'
import type { Admission } from '../core/admission.ts'
import { itemKinds } from '../sync/item.ts'

const count = z.int().min(0)
const kindTallySchema = z.strictObject({
  taken: count,
  held: count,
  /** How many, by the code of the refusal. */
  refused: z.record(z.string().max(64), count),
})

const kinds = [...itemKinds, 'page'] as const
export type TalliedKind = (typeof kinds)[number]

/** What became of items and pages, by kind. */
export const tallySchema = z.partialRecord(z.enum(kinds), kindTallySchema)
export type DoorTally = z.output<typeof tallySchema>

export interface Tallier {
  /** @param verdict of the door */
  count(kind: TalliedKind, verdict: Admission<unknown>): void
  /** Items that no honest node would have let in. */
  readonly rejects: number
  read(): DoorTally
}

export function createTallier(): Tallier {
  const tally: Record<string, { taken: number; held: number; refused: Record<string, number> }> = {}
  let rejects = 0
  return {
    count(kind, verdict) {
      tally[kind] ??= { taken: 0, held: 0, refused: {} }
      const { [kind]: line } = tally
      if (line === undefined) return
      if (verdict.kind === 'accept') line.taken++
      else if (verdict.code === 'already-held' || verdict.code === 'older') line.held++
      else line.refused[verdict.code] = (line.refused[verdict.code] ?? 0) + 1
      if (verdict.kind === 'reject') rejects++
    },
    get rejects() {
      return rejects
    },
    read: () => tally as DoorTally,
  }
}

export function addTallies(a: DoorTally, b: DoorTally): DoorTally {
  const sum: DoorTally = { ...a }
  for (const kind of kinds) {
    const { [kind]: one = { taken: 0, held: 0, refused: {} } } = a
    const { [kind]: other } = b
    if (other === undefined) continue
    const refused = { ...one.refused }
    for (const [code, n] of Object.entries(other.refused)) refused[code] = (refused[code] ?? 0) + n
    sum[kind] = { taken: one.taken + other.taken, held: one.held + other.held, refused }
  }
  return sum
}

/** In all kinds together. */
export function totalsOf(tally: DoorTally): {
  readonly taken: number
  readonly held: number
  readonly refused: number
} {
  const lines = Object.values(tally)
  const sum = (of: (line: (typeof lines)[number]) => number) =>
    lines.reduce((total, line) => total + of(line), 0)
  return {
    taken: sum((line) => line.taken),
    held: sum((line) => line.held),
    refused: sum((line) => Object.values(line.refused).reduce((total, n) => total + n, 0)),
  }
}
