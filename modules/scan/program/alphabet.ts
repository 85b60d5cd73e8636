import { countUpTo, maxCodePoint, replacementPoint } from '../syntax/code-point-set.ts'
import { isWordPoint } from '../syntax/named-class.ts'
import { decoderCuts, nonePending, type Pending, reachable, shapeOf } from './decoder.ts'
import { assertion, assertionBits, type Program } from './program.ts'
import type { TextKind } from './text-kind.ts'

/** Which bytes a program cannot tell apart, so that its tables need one column for all of them. */
export interface Alphabet {
  /** The class of each byte. */
  readonly classes: Uint8Array
  /** One byte of each class. */
  readonly representatives: Uint8Array
  /** No set has a character beyond ASCII: then every other byte is only something that does not match. */
  readonly isAscii: boolean
  /** One prefix for all that lead to the same: sequences whose characters no set tells apart. */
  canonical(pending: Pending): Pending
}

export function alphabetOf(program: Program, text: TextKind): Alphabet {
  const points = breakpoints(program)
  const isAscii = text !== 'bytes' && program.sets.every((set) => (set.at(-1) ?? 0) < 0x80)
  const cuts = new Set<number>([0, 0x0a, 0x0b, 0x80])
  if (text === 'lines') for (const cut of [0x0d, 0x0e]) cuts.add(cut)
  for (const point of points) if (point < (text === 'bytes' ? 0x100 : 0x80)) cuts.add(point)
  if (text !== 'bytes' && !isAscii) {
    for (const cut of decoderCuts) cuts.add(cut)
    for (const point of points) {
      if (point < 0x80 || point > maxCodePoint || (point >= 0xd800 && point <= 0xdfff)) continue
      for (const byte of Buffer.from(String.fromCodePoint(point))) cuts.add(byte).add(byte + 1)
    }
  }
  const classes = new Uint8Array(256)
  const representatives: number[] = []
  for (let byte = 0; byte < 256; byte++) {
    if (cuts.has(byte)) representatives.push(byte)
    classes[byte] = representatives.length - 1
  }
  return {
    classes,
    representatives: Uint8Array.from(representatives),
    isAscii,
    canonical: canonicaliser([...points].filter((point) => point >= 0x80).sort((a, b) => a - b)),
  }
}

/** Each code point at which some set begins, or from which it holds no more. */
function breakpoints(program: Program): ReadonlySet<number> {
  const points = new Set<number>([replacementPoint, replacementPoint + 1])
  for (const set of program.sets) {
    for (const [i, point] of set.entries()) points.add(i % 2 === 0 ? point : point + 1)
  }
  const wordBits = assertionBits['word-boundary'] | assertionBits['no-word-boundary']
  if (
    program.operations.some(
      (operation, i) => operation === assertion && ((program.x[i] as number) & wordBits) !== 0,
    )
  ) {
    for (let point = 1; point < 0x80; point++)
      if (isWordPoint(point) !== isWordPoint(point - 1)) points.add(point)
  }
  return points
}

function canonicaliser(points: readonly number[]): (pending: Pending) => Pending {
  // By shape, and by the range between breakpoints.
  const known = new Map<number, Map<number, Pending>>()
  return (pending) => {
    if (pending === nonePending) return pending
    const [first, last] = reachable(pending)
    const range = countUpTo(points, first)
    if (range !== countUpTo(points, last)) return pending
    const shape = shapeOf(pending)
    let sameShape = known.get(shape)
    if (sameShape === undefined) {
      sameShape = new Map()
      known.set(shape, sameShape)
    }
    const other = sameShape.get(range)
    if (other === undefined) sameShape.set(range, pending)
    return other ?? pending
  }
}
