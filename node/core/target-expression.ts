import type { Json } from './canonical-json.ts'
import type { LinearRegex } from './regex.ts'
import type { LikePattern } from './target-like.ts'

/** The types that a target's values have. `unknown` is a literal that takes the type of what it meets, as in PostgreSQL. */
export type TargetType =
  | 'text'
  | 'integer'
  | 'numeric'
  | 'boolean'
  | 'timestamptz'
  | 'interval'
  | 'json'
  | 'unknown'

/** PostgreSQL's interval: months and days have no fixed length until they are added to a time. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly ms: number
}

/** Boxed, so that JSON null and SQL NULL stay two things. */
export interface JsonBox {
  readonly json: Json
}

/** SQL NULL is null; times are milliseconds since the epoch; which of them it is follows from the checked type. */
export type Value = null | boolean | number | string | Interval | JsonBox

export const columnTypes = {
  id: 'text',
  name: 'text',
  queueloc: 'text',
  mode: 'text',
  version: 'text',
  pid: 'integer',
  status: 'text',
  starttime: 'timestamptz',
  heartbeattime: 'timestamptz',
  refreshtime: 'timestamptz',
  destructiontime: 'timestamptz',
  environment: 'json',
  tags: 'json',
} as const satisfies Record<string, TargetType>
export type ColumnName = keyof typeof columnTypes

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** A checked expression: every operand has the type that its operator needs. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'column'; readonly name: ColumnName }
  | { readonly kind: 'now' }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | {
      readonly kind: 'compare'
      readonly operator: ComparisonOperator
      readonly type: TargetType
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'distinct'
      readonly type: TargetType
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'in'
      readonly type: TargetType
      readonly operand: Expression
      readonly items: readonly Expression[]
    }
  | {
      readonly kind: 'between'
      readonly type: TargetType
      readonly operand: Expression
      readonly low: Expression
      readonly high: Expression
    }
  | { readonly kind: 'is-null'; readonly operand: Expression }
  | { readonly kind: 'is-truth'; readonly operand: Expression; readonly truth: boolean | null }
  | { readonly kind: 'like'; readonly operand: Expression; readonly pattern: LikePattern }
  | { readonly kind: 'regex'; readonly operand: Expression; readonly regex: LinearRegex }
  | {
      readonly kind: 'json-get'
      readonly operand: Expression
      readonly key: Expression
      readonly asText: boolean
    }
  | {
      readonly kind: 'json-path'
      readonly operand: Expression
      readonly path: readonly string[]
      readonly asText: boolean
    }
  | {
      readonly kind: 'plus' | 'minus'
      readonly leftType: TargetType
      readonly rightType: TargetType
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'upper' | 'lower' | 'length'; readonly operand: Expression }
  | { readonly kind: 'coalesce'; readonly operands: readonly Expression[] }
  | {
      readonly kind: 'cast'
      readonly operand: Expression
      readonly from: TargetType
      readonly to: TargetType
    }
