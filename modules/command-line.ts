import { z } from 'zod'
import { MigError } from '../node/core/error.ts'
import { nearest } from '../node/core/nearest.ts'
import { type Flag, flagsOf } from './flag.ts'
import type { ModuleDefinition } from './module.ts'
import { describeIssue, parseParameters } from './parameters.ts'

type WithCommandLine<P> = Pick<ModuleDefinition<P>, 'name' | 'parameters' | 'commandLine'>

/** Reads a module's options in MIG's forms: `-x v`, `--x v`, `-x=v`, `--x=v`; booleans `-x`, `-x=false`; lists repeat.
 *  A value that is a word of its own may start with `-` or `!`.
 *  @returns parameters that the module's schema accepts
 *  @throws MigError `usage` for what cannot be read, `bad-parameters` for what the module refuses */
export function parseModuleFlags<P>(definition: WithCommandLine<P>, args: readonly string[]): P {
  const flags = flagsOf(definition.commandLine.options)
  const values = readFlags(definition.name, flags, args)
  const parsed = definition.commandLine.options.safeParse(values)
  if (!parsed.success) throw valueError(definition.name, flags, parsed.error, values)
  const parameters = definition.commandLine.toParameters(parsed.data)
  parseParameters(definition, parameters)
  return parameters
}

/** The options of a module in the order of its schema, for help and for the table of its README. */
export function describeFlags(definition: Pick<ModuleDefinition, 'commandLine'>): readonly Flag[] {
  return flagsOf(definition.commandLine.options)
}

/** The options as a Markdown table: what a module's README shows. */
export function flagsTable(definition: Pick<ModuleDefinition, 'commandLine'>): string {
  const rows = describeFlags(definition).map((flag) => {
    const value = flag.placeholder === undefined ? '' : ` ${flag.placeholder.replaceAll('|', '\\|')}`
    const standard = flag.default === undefined ? '' : String(flag.default)
    return `| \`-${flag.flag}${value}\` | ${flag.repeat ? 'yes' : ''} | ${standard} | ${flag.help.replaceAll('|', '\\|')} |`
  })
  return ['| Option | Repeats | Default | |', '|---|---|---|---|', ...rows].join('\n')
}

/** JSON Schema of the options, for forms. */
export function flagsJsonSchema(definition: Pick<ModuleDefinition, 'commandLine'>): unknown {
  return z.toJSONSchema(definition.commandLine.options, { io: 'input', unrepresentable: 'any' })
}

function readFlags(module: string, flags: readonly Flag[], args: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? ''
    const [, name, inline] = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (name === undefined) throw strayWord(module, flags, word)
    const flag = flags.find((each) => each.flag === name)
    if (flag === undefined) throw unknownFlag(module, flags, name)
    if (flag.kind === 'boolean') {
      values[flag.key] = readBoolean(module, flag, inline ?? 'true')
      continue
    }
    const text = inline ?? args[++index]
    if (text === undefined) throw usage(module, `flag needs an argument: -${flag.flag}`)
    const value = flag.kind === 'number' ? readNumber(module, flag, text) : text
    if (flag.repeat) {
      const list = values[flag.key]
      values[flag.key] = Array.isArray(list) ? [...list, value] : [value]
    } else if (Object.hasOwn(values, flag.key)) {
      throw usage(module, `-${flag.flag} is given twice and takes one value`)
    } else {
      values[flag.key] = value
    }
  }
  return values
}

function readBoolean(module: string, flag: Flag, text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw usage(module, `invalid boolean value ${JSON.stringify(text)} for -${flag.flag}: parse error`)
}

function readNumber(module: string, flag: Flag, text: string): number {
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text)
  throw usage(module, `invalid value ${JSON.stringify(text)} for flag -${flag.flag}: parse error`)
}

function unknownFlag(module: string, flags: readonly Flag[], name: string): MigError {
  return usage(module, `unknown option -${name}${suggestion(flags, name)}`)
}

/** Go's flag package stops at such a word and drops what follows, and with it half of the question. */
function strayWord(module: string, flags: readonly Flag[], word: string): MigError {
  return usage(module, `unexpected word ${JSON.stringify(word)}${suggestion(flags, word.replace(/^-+/, ''))}`)
}

function suggestion(flags: readonly Flag[], word: string): string {
  // Somebody may type the name of the JSON field: it counts as near to its flag, however short the flag is.
  const near = nearest(
    word,
    flags.flatMap((flag) => [flag.flag, flag.key]),
  )
  const meant = flags.find((flag) => flag.flag === near || flag.key === near)
  return meant === undefined ? '' : `, did you mean -${meant.flag}?`
}

function valueError(module: string, flags: readonly Flag[], error: z.ZodError, values: unknown): MigError {
  const issue = error.issues[0]
  if (issue === undefined) return usage(module, 'the options do not fit together')
  const flag = flags.find((each) => each.key === issue.path[0])
  if (flag === undefined) return usage(module, describeIssue(issue, values))
  if (issue.code === 'invalid_type' && !Object.hasOwn(Object(values), flag.key)) {
    return usage(module, `option -${flag.flag} is missing`)
  }
  const sentence = describeIssue(issue, values)
  return usage(module, `-${flag.flag}: ${sentence.replace(/^[^:]*: /, '')}`)
}

function usage(module: string, sentence: string): MigError {
  return new MigError('usage', `${module}: ${sentence}`, { hint: `mig ${module} help lists the options` })
}
