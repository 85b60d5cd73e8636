import { describeFlags } from '../../modules/command-line.ts'
import type { Flag } from '../../modules/flag.ts'
import type { ModuleDefinition } from '../../modules/module.ts'
import { findModule, modules } from '../../modules/registry.ts'
import { MigError } from '../../node/core/error.ts'
import { nearest } from '../../node/core/nearest.ts'
import { type GlobalFlag, type GlobalOptions, globalFlags } from './globals.ts'

/** A command line as a question. */
export interface AskedWords {
  /** Absent with `-i FILE`. */
  readonly module: ModuleDefinition | undefined
  /** For `parseModuleFlags`. */
  readonly moduleWords: readonly string[]
  readonly options: GlobalOptions
  /** `mig <module> help`. */
  readonly wantsHelp: boolean
}

const helpWords = new Set(['help', '-h', '-help', '--help'])

/** Sorts `[global] <module> [global and module flags]`. Before the module's name there are only globals; after it a flag that the module
 *  knows is the module's, any other a global. A value that is a word of its own may start with `-`.
 *  @throws MigError `usage` naming the word, and the nearest that exists; `unknown-module` */
export function readAskedWords(words: readonly string[]): AskedWords {
  const options: GlobalOptions = { show: 'found', readers: [] }
  const moduleWords: string[] = []
  const given = new Set<string>()
  let module: ModuleDefinition | undefined
  let flags: readonly Flag[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const [, name, inline] = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (module !== undefined ? moduleWords.length === 0 && helpWords.has(word) : helpWords.has(word))
      return { module, moduleWords, options, wantsHelp: true }
    if (name === undefined) {
      if (module !== undefined) throw strayWord(module, flags, word)
      module = moduleOf(word)
      flags = describeFlags(module)
      continue
    }
    const own = flags.find((flag) => flag.flag === name)
    if (own !== undefined) {
      moduleWords.push(word)
      const next = words[at + 1]
      if (own.kind !== 'boolean' && inline === undefined && next !== undefined)
        moduleWords.push(words[++at] ?? '')
      continue
    }
    const global = globalFlags.find((flag) => flag.names.includes(name))
    if (global === undefined) throw unknownFlag(module, flags, name)
    const value = inline ?? (global.value === undefined ? 'true' : words[++at])
    if (value === undefined) throw usage(module, `flag needs an argument: ${dashed(name)}`)
    note(given, global, name)
    global.take(options, value)
  }
  return { module, moduleWords, options, wantsHelp: false }
}

const repeatable = new Set(['reader', 'listen', 'bootstrap'])

/** Of two targets one would silently be dropped: that must not happen to a question. */
function note(given: Set<string>, { names: [long = ''] }: GlobalFlag, name: string): void {
  if (given.has(long) && !repeatable.has(long))
    throw new MigError('usage', `${dashed(name)} is given twice and takes one value`)
  given.add(long)
}

function moduleOf(word: string): ModuleDefinition {
  const module = findModule(word)
  if (module !== undefined) return module
  const near = nearest(
    word,
    modules.map(({ name }) => name),
  )
  throw new MigError('unknown-module', `there is no module '${word}'`, {
    hint: near === undefined ? 'mig module list' : `did you mean '${near}'?`,
  })
}

function unknownFlag(module: ModuleDefinition | undefined, flags: readonly Flag[], name: string): MigError {
  const known = [
    ...flags.flatMap((flag) => [flag.flag, flag.key]),
    ...globalFlags.flatMap((flag) => flag.names),
  ]
  const near = nearest(name, known)
  const meant = flags.find((flag) => flag.flag === near || flag.key === near)?.flag ?? near
  const where =
    module === undefined && modules.some((each) => describeFlags(each).some((flag) => flag.flag === name))
  const hint = where
    ? "a module's options stand after the module's name: mig file -path /etc"
    : `mig ${module?.name ?? '<module>'} help lists the options`
  return new MigError(
    'usage',
    `${module === undefined ? '' : `${module.name}: `}unknown option ${dashed(name)}${meant === undefined ? '' : `, did you mean ${dashed(meant)}?`}`,
    { hint },
  )
}

function strayWord(module: ModuleDefinition, flags: readonly Flag[], word: string): MigError {
  const bare = word.replace(/^-+/, '')
  const near = nearest(bare, [...flags.map(({ flag }) => flag), ...globalFlags.flatMap(({ names }) => names)])
  const suggestion = near === undefined ? '' : `, did you mean ${dashed(near)}?`
  return usage(module, `unexpected word ${JSON.stringify(word)}${suggestion}`)
}

function dashed(name: string): string {
  return `-${name}`
}

function usage(module: ModuleDefinition | undefined, sentence: string): MigError {
  const of = module === undefined ? '' : `${module.name}: `
  return new MigError('usage', `${of}${sentence}`, {
    hint: `mig ${module?.name ?? '<module>'} help lists the options`,
  })
}
