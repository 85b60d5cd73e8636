import type { CodePointSet } from './code-point-set.ts'

/** A regular expression as a tree. What only tells which of several matches is taken (groups, lazy repetition) is gone: it
 *  does not change whether there is one. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CodePointSet }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'concatenation'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternation'; readonly parts: readonly Node[] }
  /** `max` is Infinity where there is no bound. */
  | { readonly kind: 'repetition'; readonly body: Node; readonly min: number; readonly max: number }

export type Assertion =
  | 'text-start'
  | 'text-end'
  | 'line-start'
  | 'line-end'
  | 'word-boundary'
  | 'no-word-boundary'

export const emptyNode: Node = { kind: 'empty' }

export function concatenation(parts: readonly Node[]): Node {
  const [only = emptyNode] = parts
  return parts.length <= 1 ? only : { kind: 'concatenation', parts }
}

export function alternation(parts: readonly Node[]): Node {
  const [only = emptyNode] = parts
  return parts.length <= 1 ? only : { kind: 'alternation', parts }
}
