import { MigError } from './error.ts'
import type { ComparisonOperator, Expression, TargetType } from './target-expression.ts'
import { compileLike } from './target-like.ts'
import { compileWithin, type RegexBudget } from './target-regex.ts'
import { refuse, resolveLiteral, type Typed, unify } from './target-typed.ts'
import { typeName } from './target-value.ts'

/** Where an operator stands, for its refusals, and the budget that patterns are charged to. */
export interface OperatorContext {
  readonly at: number
  readonly text: string
  readonly budget: RegexBudget
}

const comparisons: ReadonlySet<string> = new Set<ComparisonOperator>(['=', '<>', '<', '<=', '>', '>='])

/** One binary operator over checked operands.
 *  @throws MigError `bad-target` for operators and operand types that a target does not know */
export function applyOperator(name: string, left: Typed, right: Typed, context: OperatorContext): Typed {
  if (isComparison(name)) {
    const pair = comparable(name, [left, right], context)
    const [first, second] = pair.operands as [Typed, Typed]
    return boolean(left, {
      kind: 'compare',
      operator: name,
      type: pair.type,
      left: first.expression,
      right: second.expression,
    })
  }
  switch (name) {
    case '~~':
      return like(name, left, right, context, false)
    case '~~*':
      return like(name, left, right, context, true)
    case '!~~':
      return not(like(name, left, right, context, false))
    case '!~~*':
      return not(like(name, left, right, context, true))
    case '~':
      return regex(name, left, right, context, false)
    case '~*':
      return regex(name, left, right, context, true)
    case '!~':
      return not(regex(name, left, right, context, false))
    case '!~*':
      return not(regex(name, left, right, context, true))
    case '->':
    case '->>':
      return jsonGet(name, left, right, context)
    case '+':
    case '-':
      return arithmetic(name, left, right, context)
    default:
      return noOperator(name, left, right, context)
  }
}

function isComparison(name: string): name is ComparisonOperator {
  return comparisons.has(name)
}

/** `IS DISTINCT FROM`: a comparison that is never NULL. */
export function applyDistinct(left: Typed, right: Typed, context: OperatorContext): Typed {
  const pair = comparable('=', [left, right], context)
  const [first, second] = pair.operands as [Typed, Typed]
  return boolean(left, {
    kind: 'distinct',
    type: pair.type,
    left: first.expression,
    right: second.expression,
  })
}

/** `IN (…)` over a list of values. */
export function applyIn(operand: Typed, items: readonly Typed[], context: OperatorContext): Typed {
  const all = comparable('=', [operand, ...items], context)
  const [first, ...rest] = all.operands.map((typed) => typed.expression) as [Expression, ...Expression[]]
  return boolean(operand, { kind: 'in', type: all.type, operand: first, items: rest })
}

/** `BETWEEN low AND high`. Its own kind, not two comparisons: written twice, nested operands would double at each level. */
export function applyBetween(operand: Typed, low: Typed, high: Typed, context: OperatorContext): Typed {
  const all = comparable('>=', [operand, low, high], context)
  const [first, from, to] = all.operands.map((typed) => typed.expression) as [
    Expression,
    Expression,
    Expression,
  ]
  return boolean(operand, { kind: 'between', type: all.type, operand: first, low: from, high: to })
}

export function not(operand: Typed): Typed {
  return boolean(operand, { kind: 'not', operand: operand.expression })
}

function boolean(first: Typed, expression: Expression): Typed {
  return { type: 'boolean', at: first.at, expression }
}

function comparable(name: string, operands: readonly Typed[], context: OperatorContext) {
  const [left, right] = operands as [Typed, Typed]
  // Protocol 3.3: id is text here and was a number in MIG; `id = 5` goes on meaning what it meant.
  const readsNumbers = operands.some(
    ({ expression }) => expression.kind === 'column' && expression.name === 'id',
  )
  const read = readsNumbers ? operands.map(numberAsText) : operands
  if (operands.some((operand) => operand.type === 'json')) return noOperator(name, left, right, context)
  const unified = unify(read)
  if (unified === undefined) {
    return noOperator(
      name,
      left,
      read.find((operand) => operand.type !== left.type && operand.type !== 'unknown') ?? right,
      context,
    )
  }
  return unified
}

function numberAsText(typed: Typed): Typed {
  if (typed.literal === undefined) return typed
  return { at: typed.at, type: 'text', expression: { kind: 'constant', value: typed.literal } }
}

function like(name: string, left: Typed, right: Typed, context: OperatorContext, ignoreCase: boolean): Typed {
  const { operand, pattern } = patternOperands(name, left, right, context)
  if (pattern === null) return boolean(left, { kind: 'constant', value: null })
  const compiled = compileLike(pattern, { ignoreCase })
  if (compiled === undefined) return refuse(right.at, 'LIKE pattern must not end with escape character')
  return boolean(left, { kind: 'like', operand, pattern: compiled })
}

function regex(
  name: string,
  left: Typed,
  right: Typed,
  context: OperatorContext,
  ignoreCase: boolean,
): Typed {
  const { operand, pattern } = patternOperands(name, left, right, context)
  if (pattern === null) return boolean(left, { kind: 'constant', value: null })
  try {
    return boolean(left, {
      kind: 'regex',
      operand,
      regex: compileWithin(context.budget, pattern, { ignoreCase }),
    })
  } catch (error) {
    if (!(error instanceof MigError)) throw error
    // A plain literal shows the pattern as it is, so the place inside it can be told too.
    const isPlain = context.text.startsWith(`'${pattern}'`, right.at)
    const inside = isPlain && error.position !== undefined ? error.position + 1 : 0
    return refuse(right.at + inside, error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}

/** A pattern must be written in the target: what a column holds was chosen by somebody else. */
function patternOperands(name: string, left: Typed, right: Typed, context: OperatorContext) {
  const operand = resolveLiteral(left, 'text')
  const pattern = resolveLiteral(right, 'text')
  if (operand.type !== 'text' || pattern.type !== 'text') return noOperator(name, left, right, context)
  if (pattern.expression.kind !== 'constant') return refuse(right.at, 'a pattern must be a literal')
  const { value } = pattern.expression
  return { operand: operand.expression, pattern: value === null ? null : String(value) }
}

function jsonGet(name: string, left: Typed, right: Typed, context: OperatorContext): Typed {
  const key = resolveLiteral(right, 'text')
  if (left.type !== 'json' || (key.type !== 'text' && key.type !== 'integer'))
    return noOperator(name, left, right, context)
  const asText = name === '->>'
  return {
    type: asText ? 'text' : 'json',
    at: left.at,
    expression: { kind: 'json-get', operand: left.expression, key: key.expression, asText },
  }
}

function arithmetic(name: '+' | '-', left: Typed, right: Typed, context: OperatorContext): Typed {
  // PostgreSQL reads `time - '…'` as a time but `time + '…'` as a span.
  const partner = (type: TargetType): TargetType =>
    type === 'timestamptz' && name === '+' ? 'interval' : type
  const first = right.type === 'unknown' ? left : resolveLiteral(left, partner(right.type))
  const second = left.type === 'unknown' ? right : resolveLiteral(right, partner(left.type))
  const type = arithmeticType(name, first.type, second.type)
  if (type === undefined) return noOperator(name, left, right, context)
  return {
    type,
    at: left.at,
    expression: {
      kind: name === '+' ? 'plus' : 'minus',
      leftType: first.type,
      rightType: second.type,
      left: first.expression,
      right: second.expression,
    },
  }
}

function arithmeticType(name: '+' | '-', left: TargetType, right: TargetType): TargetType | undefined {
  const isNumber = (type: TargetType): boolean => type === 'integer' || type === 'numeric'
  if (isNumber(left) && isNumber(right)) return left === right ? left : 'numeric'
  if (left === 'interval' && right === 'interval') return 'interval'
  if (left === 'timestamptz' && right === 'interval') return 'timestamptz'
  if (name === '+' && left === 'interval' && right === 'timestamptz') return 'timestamptz'
  return name === '-' && left === 'timestamptz' && right === 'timestamptz' ? 'interval' : undefined
}

function noOperator(name: string, left: Typed, right: Typed, context: OperatorContext): never {
  return refuse(
    context.at,
    `operator does not exist: ${typeName(left.type)} ${name} ${typeName(right.type)}`,
    {
      hint:
        left.type === 'json'
          ? "json is read with ->> 'key' or cast to text first"
          : 'add a cast, for example ::text',
    },
  )
}
