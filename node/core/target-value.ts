import type { ComparisonOperator, Interval, JsonBox, TargetType, Value } from './target-expression.ts'
import { jsonAsText } from './target-json.ts'
import { formatTimestamp, intervalMs, parseInterval, parseTimestamp } from './target-time.ts'

const maxInteger = 2_147_483_647

/** PostgreSQL's names, for its sentences. */
export function typeName(type: TargetType): string {
  return type === 'timestamptz' ? 'timestamp with time zone' : type
}

/** The value that a literal has once it is known what type it must be. Undefined when it cannot be read as that type. */
export function parseLiteral(text: string, type: TargetType): Value | undefined {
  switch (type) {
    case 'text':
    case 'unknown':
      return text
    case 'integer':
      return parseInteger(text)
    case 'numeric':
      return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*$/i.test(text) ? Number(text) : undefined
    case 'boolean':
      return parseBoolean(text)
    case 'timestamptz':
      return parseTimestamp(text)
    case 'interval':
      return parseInterval(text)
    case 'json':
      // Nothing that a target may do with json takes a literal.
      return undefined
  }
}

function parseInteger(text: string): number | undefined {
  if (!/^\s*[+-]?\d{1,20}\s*$/.test(text)) return undefined
  const number = Number(text)
  return Math.abs(number) <= maxInteger ? number : undefined
}

/** Any unambiguous beginning of true, false, yes, no, on, off, or 1 and 0. */
function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  if (word === '') return undefined
  if (word === '1' || word === 'on' || 'true'.startsWith(word) || 'yes'.startsWith(word)) return true
  if (word === '0' || word === 'of' || 'false'.startsWith(word) || 'no'.startsWith(word) || word === 'off')
    return false
  return undefined
}

/** Which casts there are beside those from `unknown`. */
export function canCast(from: TargetType, to: TargetType): boolean {
  if (from === to) return true
  if (to === 'text') return from !== 'interval'
  if (to === 'integer') return from === 'text' || from === 'numeric' || from === 'boolean'
  if (to === 'boolean') return from === 'text' || from === 'integer'
  return to === 'timestamptz' && from === 'text'
}

/** A cast that `canCast` allows. What PostgreSQL would stop the query for, a tag that is no number, is NULL:
 *  one agent's odd fact must not refuse the action for the others. */
export function castValue(value: Value, from: TargetType, to: TargetType): Value {
  if (value === null || from === to) return value
  if (to === 'text') {
    if (from === 'timestamptz') return formatTimestamp(value as number)
    // JSON null prints as a word, unlike through ->>.
    return from === 'json' ? (jsonAsText((value as JsonBox).json) ?? 'null') : String(value)
  }
  if (from === 'text') return parseLiteral(value as string, to) ?? null
  if (to === 'boolean') return value !== 0
  if (from === 'boolean') return value === true ? 1 : 0
  const rounded = Math.sign(value as number) * Math.round(Math.abs(value as number))
  return Math.abs(rounded) <= maxInteger ? rounded : null
}

/** Compares two values of one type, neither of them NULL. */
export function compareValues(a: Value, b: Value, type: TargetType, operator: ComparisonOperator): boolean {
  const order = orderOf(a, b, type)
  switch (operator) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function orderOf(a: Value, b: Value, type: TargetType): number {
  if (type === 'text') return compareText(a as string, b as string)
  if (type === 'interval') return Math.sign(intervalMs(a as Interval) - intervalMs(b as Interval))
  return Math.sign(Number(a) - Number(b))
}

/** By code point, which is PostgreSQL's order in the C collation: the same on every agent, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at++
  // Back to the start of a pair that differs in its second half only.
  if (at > 0 && /[\ud800-\udbff]/.test(a[at - 1] as string)) at--
  return Math.sign((a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1))
}
