import type { Errand } from './tree-walk.ts'

/** An errand as text, a byte a character. */
export function writeErrand({ above, realAbove, name, active, depth, endsShort }: Errand): string {
  // Infinity is no JSON.
  const lefts = active.map(({ scope, left }) => [scope, Number.isFinite(left) ? left : -1])
  return JSON.stringify([above, realAbove === above ? '' : realAbove, name, lefts, depth, endsShort])
}

/** @param text of `writeErrand`, by a thread of this process */
export function readErrand(text: string): Errand {
  const [above, realAbove, name, lefts, depth, endsShort] = JSON.parse(text) as [
    string,
    string,
    string,
    readonly [number, number][],
    number,
    boolean,
  ]
  const active = lefts.map(([scope, left]) => ({ scope, left: left < 0 ? Number.POSITIVE_INFINITY : left }))
  return { above, realAbove: realAbove || above, name, active, depth, endsShort }
}
