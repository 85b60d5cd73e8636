import { MigError } from './error.ts'
import type { Expression, TargetType } from './target-expression.ts'
import { parseLiteral, typeName } from './target-value.ts'

/** An expression whose type is known, and where it begins in the target's text. */
export interface Typed {
  readonly expression: Expression
  readonly type: TargetType
  readonly at: number
  /** A number as it is written, for the comparison of `id` with a number. */
  readonly literal?: string
}

/** The one refusal of this parser: `bad-target`, with the zero-based offset of what is refused. */
export function refuse(at: number, sentence: string, extra: { hint?: string; cause?: unknown } = {}): never {
  throw new MigError('bad-target', sentence, { ...extra, position: at })
}

/** Gives a literal of unknown type the type that its surroundings ask for; leaves everything else alone.
 *  @throws MigError `bad-target` when the literal cannot be read as that type */
export function resolveLiteral(typed: Typed, type: TargetType): Typed {
  if (typed.type !== 'unknown' || typed.expression.kind !== 'constant') return typed
  const { value } = typed.expression
  if (value === null) return { ...typed, type }
  const text = String(value)
  const resolved = parseLiteral(text, type)
  if (resolved === undefined) {
    const isTime = type === 'timestamptz'
    refuse(typed.at, `invalid input syntax for type ${typeName(type)}: "${text}"`, {
      ...(isTime ? { hint: "a time is written '2026-11-24 05:00:00+00', a span INTERVAL '30 days'" } : {}),
    })
  }
  return { ...typed, type, expression: { kind: 'constant', value: resolved } }
}

/** PostgreSQL's rule for WHERE, AND, OR and NOT.
 *  @throws MigError `bad-target` when it is not a boolean */
export function requireBoolean(typed: Typed, place: string): Typed {
  const resolved = resolveLiteral(typed, 'boolean')
  if (resolved.type === 'boolean') return resolved
  return refuse(typed.at, `argument of ${place} must be type boolean, not type ${typeName(typed.type)}`)
}

/** Brings several operands to one type; undefined when they have none in common. */
export function unify(
  operands: readonly Typed[],
): { readonly type: TargetType; readonly operands: readonly Typed[] } | undefined {
  const types = new Set(operands.map((operand) => operand.type).filter((type) => type !== 'unknown'))
  if (types.has('integer') && types.has('numeric')) types.delete('integer')
  if (types.size > 1) return undefined
  const type = [...types][0] ?? 'text'
  return { type, operands: operands.map((operand) => resolveLiteral(operand, type)) }
}
