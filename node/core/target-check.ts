import type { A_Const, A_Expr, FuncCall, Node, TypeCast } from 'libpg-query'
import { maxTargetDepth } from './limits.ts'
import { type ColumnName, columnTypes, type Expression, type TargetType } from './target-expression.ts'
import { parsePath } from './target-json.ts'
import {
  applyBetween,
  applyDistinct,
  applyIn,
  applyOperator,
  not,
  type OperatorContext,
} from './target-operators.ts'
import type { RegexBudget } from './target-regex.ts'
import { refuse, requireBoolean, resolveLiteral, type Typed, unify } from './target-typed.ts'
import { canCast, typeName } from './target-value.ts'

/** Checks PostgreSQL's parse tree of one WHERE clause as PostgreSQL's analyser would, over the one row that we know.
 *  @param root with locations that are offsets into `text`
 *  @throws MigError `bad-target` */
export function checkTarget(root: Node, text: string): Expression {
  const budget: RegexBudget = { instructions: 0 }
  const check = (node: Node | undefined, parentAt: number, depth: number): Typed => {
    const at = ownLocation(node) ?? parentAt
    if (node === undefined) return refuse(at, 'this is not supported in a target')
    if (depth > maxTargetDepth) return refuse(at, `the target is nested deeper than ${maxTargetDepth}`)
    return checkNode(node, { at, text, budget, operand: (child) => check(child, at, depth + 1) })
  }
  return requireBoolean(check(root, 0, 1), 'WHERE').expression
}

interface Context extends OperatorContext {
  /** Checks a node one level down. */
  readonly operand: (node: Node | undefined) => Typed
}

function checkNode(node: Node, context: Context): Typed {
  const { at, operand } = context
  if ('A_Const' in node) return checkConstant(node.A_Const, at)
  if ('ColumnRef' in node) return checkColumn(node.ColumnRef.fields ?? [], at)
  if ('A_Expr' in node) return checkOperator(node.A_Expr, context)
  if ('FuncCall' in node) return checkFunction(node.FuncCall, context)
  if ('TypeCast' in node) return checkCast(node.TypeCast, context)
  if ('BoolExpr' in node) {
    const { boolop, args } = node.BoolExpr
    const place = boolop === 'OR_EXPR' ? 'OR' : boolop === 'AND_EXPR' ? 'AND' : 'NOT'
    const operands = (args ?? []).map((arg) => requireBoolean(operand(arg), place))
    const first = operands[0] as Typed
    if (place === 'NOT') return { ...not(first), at }
    const expressions = operands.map((typed) => typed.expression)
    return {
      type: 'boolean',
      at: first.at,
      expression: { kind: place === 'OR' ? 'or' : 'and', operands: expressions },
    }
  }
  if ('NullTest' in node) {
    const tested = resolveLiteral(operand(node.NullTest.arg), 'text')
    const isNull: Typed = {
      type: 'boolean',
      at: tested.at,
      expression: { kind: 'is-null', operand: tested.expression },
    }
    return node.NullTest.nulltesttype === 'IS_NULL' ? isNull : not(isNull)
  }
  if ('BooleanTest' in node) {
    // IS_NOT_TRUE and its five sisters.
    const words = (node.BooleanTest.booltesttype ?? '').split('_')
    const word = words.at(-1)
    const tested = requireBoolean(operand(node.BooleanTest.arg), words.join(' '))
    const truth = word === 'UNKNOWN' ? null : word === 'TRUE'
    const isTruth: Typed = { ...tested, expression: { kind: 'is-truth', operand: tested.expression, truth } }
    return words.includes('NOT') ? not(isTruth) : isTruth
  }
  if ('CoalesceExpr' in node) {
    const operands = (node.CoalesceExpr.args ?? []).map(operand)
    const unified = unify(operands)
    if (unified === undefined) {
      return refuse(
        at,
        `COALESCE types ${operands.map((typed) => typeName(typed.type)).join(' and ')} cannot be matched`,
      )
    }
    return {
      type: unified.type,
      at,
      expression: { kind: 'coalesce', operands: unified.operands.map((typed) => typed.expression) },
    }
  }
  if ('SQLValueFunction' in node && node.SQLValueFunction.op === 'SVFOP_CURRENT_TIMESTAMP') return nowAt(at)
  if ('SubLink' in node) {
    return refuse(at, "sub-queries are resolved by the investigator's node: use --target-found", {
      hint: '--target-found or --target-notfound with the id of an earlier action',
    })
  }
  return refuse(at, 'this is not supported in a target', { hint: 'see docs/protocol.md 3.3 for what is' })
}

function nowAt(at: number): Typed {
  return { type: 'timestamptz', at, expression: { kind: 'now' } }
}

function checkConstant(constant: A_Const, at: number): Typed {
  const value = (type: TargetType, held: string | number | boolean | null): Typed => ({
    type,
    at,
    expression: { kind: 'constant', value: held },
  })
  // The tree leaves out zero, false and the empty string.
  if (constant.isnull === true) return value('unknown', null)
  if (constant.sval !== undefined) return value('unknown', constant.sval.sval ?? '')
  if (constant.boolval !== undefined) return value('boolean', constant.boolval.boolval ?? false)
  if (constant.ival !== undefined)
    return { ...value('integer', constant.ival.ival ?? 0), literal: String(constant.ival.ival ?? 0) }
  if (constant.fval !== undefined) {
    const literal = constant.fval.fval ?? '0'
    const number = Number(literal)
    if (Number.isFinite(number)) return { ...value('numeric', number), literal }
  }
  return refuse(at, 'this constant is not supported in a target')
}

function checkColumn(fields: readonly Node[], at: number): Typed {
  const names = fields.map((field) => ('String' in field ? (field.String.sval ?? '') : '*'))
  const name = names.length === 2 && names[0] === 'agents' ? names[1] : names.join('.')
  if (name === undefined || !isColumn(name)) {
    return refuse(at, `column "${name}" does not exist`, {
      hint: `columns: ${Object.keys(columnTypes).join(', ')}`,
    })
  }
  return { type: columnTypes[name], at, expression: { kind: 'column', name } }
}

function isColumn(name: string): name is ColumnName {
  return Object.hasOwn(columnTypes, name)
}

function checkOperator(node: A_Expr, context: Context): Typed {
  const { at, operand } = context
  const names = (node.name ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''))
  const name = names.at(-1) ?? ''
  const list = (): readonly Node[] =>
    node.rexpr !== undefined && 'List' in node.rexpr ? (node.rexpr.List.items ?? []) : []
  switch (node.kind) {
    case 'AEXPR_OP':
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE': {
      if (node.lexpr === undefined) return checkSign(name, operand(node.rexpr), context)
      const left = operand(node.lexpr)
      if (name === '#>' || name === '#>>') return checkPath(name, left, node.rexpr, context)
      return applyOperator(name, left, operand(node.rexpr), context)
    }
    case 'AEXPR_IN': {
      const isIn = applyIn(operand(node.lexpr), list().map(operand), context)
      return name === '<>' ? not(isIn) : isIn
    }
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN': {
      const [low, high] = list()
      const isBetween = applyBetween(operand(node.lexpr), operand(low), operand(high), context)
      return node.kind === 'AEXPR_BETWEEN' ? isBetween : not(isBetween)
    }
    case 'AEXPR_DISTINCT':
      return applyDistinct(operand(node.lexpr), operand(node.rexpr), context)
    case 'AEXPR_NOT_DISTINCT':
      return not(applyDistinct(operand(node.lexpr), operand(node.rexpr), context))
    default:
      return refuse(at, 'this operator is not supported in a target')
  }
}

function checkSign(name: string, typed: Typed, context: Context): Typed {
  const isNumber = typed.type === 'integer' || typed.type === 'numeric'
  if (!isNumber || (name !== '-' && name !== '+')) {
    return refuse(context.at, `operator does not exist: ${name} ${typeName(typed.type)}`)
  }
  const zero: Typed = { type: 'integer', at: context.at, expression: { kind: 'constant', value: 0 } }
  return applyOperator(name, zero, typed, context)
}

/** `#>` and `#>>` with `'{a,b}'` or `ARRAY['a','b']`. */
function checkPath(name: string, left: Typed, node: Node | undefined, context: Context): Typed {
  if (left.type !== 'json')
    return refuse(context.at, `operator does not exist: ${typeName(left.type)} ${name} unknown`)
  const isArray = node !== undefined && 'A_ArrayExpr' in node
  const elements = isArray ? (node.A_ArrayExpr.elements ?? []).map(context.operand) : [context.operand(node)]
  const texts = elements.map((element) => {
    if (element.type !== 'unknown' || element.expression.kind !== 'constant')
      return refuse(element.at, 'a json path must be a literal')
    return element.expression.value === null ? null : String(element.expression.value)
  })
  const path = texts.includes(null) ? null : isArray ? (texts as string[]) : parsePath(texts[0] ?? '')
  if (path === undefined)
    return refuse(elements[0]?.at ?? context.at, `malformed array literal: "${texts[0]}"`)
  const asText = name === '#>>'
  const type = asText ? 'text' : 'json'
  if (path === null) return { type, at: left.at, expression: { kind: 'constant', value: null } }
  return { type, at: left.at, expression: { kind: 'json-path', operand: left.expression, path, asText } }
}

function checkFunction(call: FuncCall, context: Context): Typed {
  const { at } = context
  const name = (call.funcname ?? [])
    .map((part) => ('String' in part ? (part.String.sval ?? '') : ''))
    .join('.')
  if (name === 'pg_catalog.like_escape')
    return refuse(at, 'ESCAPE is not supported in a target: backslash escapes')
  const plain =
    call.agg_star !== true &&
    call.agg_distinct !== true &&
    call.over === undefined &&
    call.agg_filter === undefined &&
    call.agg_order === undefined &&
    call.func_variadic !== true
  const args = (call.args ?? []).map(context.operand)
  const [first] = args
  if (plain && name === 'now' && first === undefined) return nowAt(at)
  if (
    plain &&
    (name === 'upper' || name === 'lower' || name === 'length') &&
    first !== undefined &&
    args.length === 1
  ) {
    const text = resolveLiteral(first, 'text')
    if (text.type === 'text') {
      return {
        type: name === 'length' ? 'integer' : 'text',
        at,
        expression: { kind: name, operand: text.expression },
      }
    }
  }
  const types = args.map((arg) => typeName(arg.type)).join(', ')
  return refuse(at, `function ${name}(${types}) does not exist`, {
    hint: 'functions: now, upper, lower, length, coalesce',
  })
}

/** PostgreSQL's inner names of the types that a target may cast to. */
const castTypes: Readonly<Record<string, TargetType>> = {
  text: 'text',
  varchar: 'text',
  int4: 'integer',
  bool: 'boolean',
  timestamptz: 'timestamptz',
  interval: 'interval',
}

function checkCast(cast: TypeCast, context: Context): Typed {
  const typed = context.operand(cast.arg)
  // INTERVAL '1 day' has a location of its own only in its type.
  const at = Math.min(typed.at, cast.typeName?.location ?? typed.at)
  const names = (cast.typeName?.names ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''))
  const name = (names.length === 2 && names[0] === 'pg_catalog' ? names[1] : names.join('.')) ?? ''
  const to = Object.hasOwn(castTypes, name) ? castTypes[name] : undefined
  const isPlain =
    cast.typeName?.typmods === undefined &&
    cast.typeName?.arrayBounds === undefined &&
    cast.typeName?.setof !== true
  if (to === undefined || !isPlain) {
    return refuse(
      cast.typeName?.location ?? at,
      `a cast to ${isPlain ? name : `this form of ${name}`} is not supported in a target`,
      {
        hint: 'casts: text, integer, boolean, timestamptz, interval',
      },
    )
  }
  if (typed.type === 'unknown') return { ...resolveLiteral(typed, to), at }
  if (!canCast(typed.type, to))
    return refuse(at, `cannot cast type ${typeName(typed.type)} to ${typeName(to)}`)
  return { type: to, at, expression: { kind: 'cast', operand: typed.expression, from: typed.type, to } }
}

/** Where a node says it stands; some say nothing. */
function ownLocation(node: Node | undefined): number | undefined {
  const body: unknown = node === undefined ? undefined : Object.values(node)[0]
  if (typeof body !== 'object' || body === null || !('location' in body)) return undefined
  return typeof body.location === 'number' && body.location >= 0 ? body.location : undefined
}
