import { createHash } from 'node:crypto'
import { type Mark, markBytes } from '../../node/sync/mark.ts'

/** The mark of a numbered item. */
export function aMark(number: number | string): Mark {
  return createHash('sha256').update(`item ${number}`).digest().subarray(0, markBytes).toString('hex') as Mark
}

export function someMarks(from: number, to: number): Mark[] {
  return Array.from({ length: to - from }, (_, i) => aMark(from + i))
}

/** A mark that begins with these digits. */
export function markUnder(prefix: string, number: number): Mark {
  return (prefix + aMark(number)).slice(0, 32) as Mark
}
