import { parseModuleFlags } from '../../modules/command-line.ts'
import { findModule } from '../../modules/registry.ts'
import type { Json } from '../../node/core/canonical-json.ts'
import { MigError } from '../../node/core/error.ts'
import type { Config } from '../config.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext, ExitCode } from '../context.ts'
import { globalHelpLines, moduleHelpLines } from '../views/module-help.ts'
import { formatActionFile, loadActionFile } from './action-file.ts'
import { askLocal } from './ask-local.ts'
import type { GlobalOptions } from './globals.ts'
import { type Question, titleOf } from './make-draft.ts'
import { type AskedWords, readAskedWords } from './words.ts'

const everybody = "status='online' OR status='idle'"

/** `mig [global] <module> [global and module options]`: parse, draft, explain, countdown, sign, send, follow, account. */
export async function ask(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const asked = readAskedWords(words)
  if (asked.wantsHelp) {
    const lines = asked.module === undefined ? globalHelpLines() : moduleHelpLines(asked.module)
    for (const line of lines) context.terminal.out(line)
    return 0
  }
  const { options } = asked
  const { show, ...given } = options
  if (options.targetFound !== undefined && options.targetNotFound !== undefined)
    throw new MigError('usage', '-target-found and -target-notfound exclude each other')
  if (options.input !== undefined) return askFromFile(options.input, asked, context)
  if (asked.module === undefined) {
    const what = Object.keys(given).length > 1 ? 'there is no module in this line' : 'nothing is asked'
    throw new MigError('usage', what, { hint: 'mig [options] <module> [options]; mig module list' })
  }
  const parameters = parseModuleFlags(asked.module, asked.moduleWords) as Json
  if (options.target === 'local')
    return askLocal([{ definition: asked.module, parameters }], options, context)
  const config = await loadConfig(context, options.config)
  const question: Question = {
    name: options.title ?? titleOf(['mig', ...words]),
    target: resolveTarget(options, config, context),
    operations: [{ module: asked.module.name, parameters }],
  }
  const { askMesh } = await import('./ask-mesh.ts')
  return askMesh({ kind: 'question', question }, options, context)
}

/** `-i FILE`: an action keeps everything and gains my signature; a draft gets a fresh window, nonce and reply key. */
async function askFromFile(path: string, asked: AskedWords, context: CommandContext): Promise<ExitCode> {
  const { options } = asked
  if (asked.module !== undefined)
    throw new MigError('usage', '-i takes the whole action from the file: leave the module out', {
      hint: `mig -i ${path}`,
    })
  const loaded = await loadActionFile(path)
  if (options.target === 'local') {
    const operations = loaded.kind === 'action' ? loaded.file.action.operations : loaded.draft.operations
    const known = operations.flatMap(({ module, parameters }) => {
      const definition = findModule(module)
      return definition === undefined ? [] : [{ definition, parameters }]
    })
    return askLocal(known, options, context)
  }
  if (loaded.kind === 'action') {
    refuseChanges(options)
    if (options.print === true) {
      context.terminal.raw(formatActionFile(loaded.file))
      return 0
    }
    const { askMesh } = await import('./ask-mesh.ts')
    return askMesh(loaded, options, context)
  }
  for (const change of loaded.draft.changes) context.terminal.say(`${path}: ${change}`)
  const config = await loadConfig(context, options.config)
  const question: Question = {
    ...loaded.draft,
    name: options.title ?? loaded.draft.name,
    target: options.target === undefined ? loaded.draft.target : resolveTarget(options, config, context),
  }
  const { askMesh } = await import('./ask-mesh.ts')
  return askMesh({ kind: 'question', question }, options, context)
}

/** Its bytes are fixed: another target or window would be another action, without the signatures. */
function refuseChanges(options: GlobalOptions): void {
  const changes = (
    [
      'target',
      'targetFound',
      'targetNotFound',
      'expireMs',
      'title',
      'case',
      'limitWallMs',
      'limitMatches',
      'summaryBytes',
    ] as const
  ).filter((name) => options[name] !== undefined)
  if (changes.length === 0 && options.readers.length === 0) return
  throw new MigError(
    'usage',
    'the file holds an action that may be signed already: nothing in it can be changed',
    {
      hint: 'leave those options out, or draft it anew: mig action draft',
    },
  )
}

/** Words of the configuration's `[targets]`, `all`, and what is meant without `-t`. */
export function resolveTarget(
  options: Pick<GlobalOptions, 'target' | 'targetFound' | 'targetNotFound'>,
  config: Config,
  context: CommandContext,
): string {
  const { target } = options
  if (target === undefined) {
    if (options.targetFound === undefined && options.targetNotFound === undefined)
      context.terminal.say("no target given: status='online' (give one with -t)")
    return options.targetFound === undefined && options.targetNotFound === undefined
      ? "status='online'"
      : everybody
  }
  const { targets = {} } = config
  if (Object.hasOwn(targets, target)) return targets[target] ?? target
  return target === 'all' ? everybody : target
}
