import { z } from 'zod'
import { MigError } from '../node/core/error.ts'
import { nearest } from '../node/core/nearest.ts'
import type { ModuleDefinition } from './module.ts'

const maxShownIssues = 3
const maxShownChars = 80

/** Checks parameters as they stand in an action.
 *  @throws MigError `bad-parameters` naming the path, what was expected and what stands there; `bad-regex` with the position in
 *  the pattern when that is the first fault */
export function parseParameters<P>(
  definition: Pick<ModuleDefinition<P>, 'name' | 'parameters'>,
  parameters: unknown,
): P {
  const parsed = definition.parameters.safeParse(parameters)
  if (parsed.success) return parsed.data
  throw parametersError(definition, parsed.error, parameters)
}

/** One error of at most three sentences out of everything that a schema found wrong. */
export function parametersError(
  definition: Pick<ModuleDefinition, 'name' | 'parameters'>,
  error: z.ZodError,
  parameters: unknown,
): MigError {
  const shown = error.issues.slice(0, maxShownIssues).map((issue) => {
    const near = issue.code === 'unrecognized_keys' ? suggestion(definition, issue.keys[0]) : ''
    return `${describeIssue(issue, parameters)}${near}`
  })
  const more = error.issues.length - shown.length
  const text = `${definition.name}: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
  const { code, position } = regexFault(error.issues[0])
  return new MigError(code, text, {
    hint: `mig ${definition.name} help`,
    ...(position === undefined ? {} : { position }),
    cause: error,
  })
}

/** What `parsedBy` knows of a pattern that cannot be compiled. */
function regexFault(issue: z.core.$ZodIssue | undefined): {
  readonly code: 'bad-parameters' | 'bad-regex'
  readonly position?: number | undefined
} {
  if (issue?.code !== 'custom' || issue.params?.code !== 'bad-regex') return { code: 'bad-parameters' }
  const { position } = issue.params
  return { code: 'bad-regex', position: typeof position === 'number' ? position : undefined }
}

/** JSON Schema of the parameters, for forms and editors. */
export function parametersJsonSchema(definition: Pick<ModuleDefinition, 'parameters'>): unknown {
  return z.toJSONSchema(definition.parameters, { io: 'input', unrepresentable: 'any' })
}

/** `connectedip[1]: expected string, got number 7`. */
export function describeIssue(issue: z.core.$ZodIssue, input: unknown): string {
  const path = issue.path
    .map((part, place) =>
      typeof part === 'number' ? `[${part}]` : `${place === 0 ? '' : '.'}${String(part)}`,
    )
    .join('')
  const at = path === '' ? '' : `${path}: `
  const got = describeValue(valueAt(input, issue.path))
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${at}unknown field ${issue.keys.map((key) => JSON.stringify(cut(key))).join(', ')}`
    case 'invalid_type':
      return `${at}expected ${issue.expected}, got ${got}`
    case 'custom':
      return `${at}${issue.message}`
    case 'invalid_union': {
      // A union says only that nothing fitted: the last branch's first complaint is the useful one.
      const inner = issue.errors.at(-1)?.[0]
      return inner === undefined
        ? `${at}${issue.message}, got ${got}`
        : describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, input)
    }
    default:
      return `${at}${issue.message.replace(/^(Invalid input|Too (big|small)|Invalid string): /, '')}, got ${got}`
  }
}

function suggestion(definition: Pick<ModuleDefinition, 'parameters'>, word: string | undefined): string {
  const known: string[] = []
  collectFieldNames(parametersJsonSchema(definition), known)
  const near = word === undefined ? undefined : nearest(word, known)
  return near === undefined ? '' : `, did you mean ${JSON.stringify(near)}?`
}

function collectFieldNames(schema: unknown, names: string[]): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && typeof value === 'object' && value !== null) names.push(...Object.keys(value))
    collectFieldNames(value, names)
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return 'an object'
  return `${typeof value} ${cut(JSON.stringify(value) ?? String(value))}`
}

function cut(text: string): string {
  return text.length <= maxShownChars ? text : `${text.slice(0, maxShownChars)}…`
}
