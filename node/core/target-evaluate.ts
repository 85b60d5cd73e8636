import type { AgentFacts } from './agent-facts.ts'
import type { Json } from './canonical-json.ts'
import type { Instant } from './clock.ts'
import type { ColumnName, Expression, Interval, JsonBox, TargetType, Value } from './target-expression.ts'
import { jsonAsText, jsonAtPath, jsonMember } from './target-json.ts'
import { addInterval, addIntervals, negateInterval } from './target-time.ts'
import { castValue, compareValues } from './target-value.ts'

/** MIG's column default: no agent that is listed has been destroyed. */
const farFutureMs = Date.UTC(9998, 0, 11)

/** The value of a checked expression over one row. Pure; three-valued, NULL is null. */
export function evaluate(expression: Expression, facts: AgentFacts, now: Instant): Value {
  const solve = (inner: Expression): Value => evaluate(inner, facts, now)
  switch (expression.kind) {
    case 'constant':
      return expression.value
    case 'column':
      return columnValue(expression.name, facts)
    case 'now':
      return now
    case 'not': {
      const value = solve(expression.operand)
      return value === null ? null : value === false
    }
    case 'and':
    case 'or':
      return junction(expression.operands, expression.kind === 'or', solve)
    case 'compare': {
      const left = solve(expression.left)
      const right = solve(expression.right)
      return left === null || right === null
        ? null
        : compareValues(left, right, expression.type, expression.operator)
    }
    case 'distinct': {
      const left = solve(expression.left)
      const right = solve(expression.right)
      if (left === null || right === null) return left !== right
      return compareValues(left, right, expression.type, '<>')
    }
    case 'in': {
      const value = solve(expression.operand)
      if (value === null) return null
      return any(expression.items, (item) => equals(value, solve(item), expression.type))
    }
    case 'between':
      return between(
        solve(expression.operand),
        solve(expression.low),
        solve(expression.high),
        expression.type,
      )
    case 'is-null':
      return solve(expression.operand) === null
    case 'is-truth':
      return solve(expression.operand) === expression.truth
    case 'like': {
      const value = solve(expression.operand)
      return value === null ? null : expression.pattern.matches(value as string)
    }
    case 'regex': {
      const value = solve(expression.operand)
      return value === null ? null : expression.regex.test(value as string)
    }
    case 'json-get': {
      const box = solve(expression.operand) as JsonBox | null
      const key = solve(expression.key) as string | number | null
      return box === null || key === null ? null : jsonValue(jsonMember(box.json, key), expression.asText)
    }
    case 'json-path': {
      const box = solve(expression.operand) as JsonBox | null
      return box === null ? null : jsonValue(jsonAtPath(box.json, expression.path), expression.asText)
    }
    case 'plus':
    case 'minus':
      return arithmetic(expression, solve(expression.left), solve(expression.right))
    case 'upper':
    case 'lower':
    case 'length': {
      const value = solve(expression.operand) as string | null
      if (value === null) return null
      if (expression.kind === 'length') return [...value].length
      return expression.kind === 'upper' ? value.toUpperCase() : value.toLowerCase()
    }
    case 'coalesce':
      for (const operand of expression.operands) {
        const value = solve(operand)
        if (value !== null) return value
      }
      return null
    case 'cast':
      return castValue(solve(expression.operand), expression.from, expression.to)
  }
}

function columnValue(name: ColumnName, facts: AgentFacts): Value {
  switch (name) {
    case 'environment':
    case 'tags':
      return { json: facts[name] }
    case 'refreshtime':
      return facts.heartbeattime
    case 'destructiontime':
      return farFutureMs
    default:
      return facts[name]
  }
}

/** AND ends at the first false, OR at the first true; otherwise one NULL makes the whole NULL. */
function junction(
  operands: readonly Expression[],
  decides: boolean,
  solve: (inner: Expression) => Value,
): boolean | null {
  let result: boolean | null = !decides
  for (const operand of operands) {
    const value = solve(operand)
    if (value === decides) return decides
    if (value === null) result = null
  }
  return result
}

function any(items: readonly Expression[], test: (item: Expression) => boolean | null): boolean | null {
  let result: boolean | null = false
  for (const item of items) {
    const value = test(item)
    if (value === true) return true
    if (value === null) result = null
  }
  return result
}

function equals(a: Value, b: Value, type: TargetType): boolean | null {
  return a === null || b === null ? null : compareValues(a, b, type, '=')
}

/** low ≤ value AND value ≤ high: one bound that fails decides, even when the other is NULL. */
function between(value: Value, low: Value, high: Value, type: TargetType): boolean | null {
  if (value === null) return null
  const above = low === null ? null : compareValues(value, low, type, '>=')
  const below = high === null ? null : compareValues(value, high, type, '<=')
  if (above === false || below === false) return false
  return above === null || below === null ? null : true
}

function jsonValue(json: Json | undefined, asText: boolean): Value {
  if (asText) return jsonAsText(json)
  return json === undefined ? null : { json }
}

function arithmetic(sum: Extract<Expression, { kind: 'plus' | 'minus' }>, left: Value, right: Value): Value {
  if (left === null || right === null) return null
  const { leftType, rightType, kind } = sum
  const signed = (interval: Interval): Interval => (kind === 'plus' ? interval : negateInterval(interval))
  if (rightType === 'interval') {
    if (leftType === 'interval') return addIntervals(left as Interval, signed(right as Interval))
    return addInterval(left as number, signed(right as Interval))
  }
  if (leftType === 'interval') return addInterval(right as number, left as Interval)
  const difference =
    kind === 'plus' ? (left as number) + (right as number) : (left as number) - (right as number)
  return leftType === 'timestamptz' ? { months: 0, days: 0, ms: difference } : difference
}
