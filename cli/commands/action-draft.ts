import type { Command } from 'commander'
import { parseModuleFlags } from '../../modules/command-line.ts'
import { findModule } from '../../modules/registry.ts'
import type { Json } from '../../node/core/canonical-json.ts'
import { MigError } from '../../node/core/error.ts'
import { formatActionFile, loadActionFile } from '../ask/action-file.ts'
import { resolveTarget } from '../ask/ask.ts'
import { makeDraft, type Question, titleOf } from '../ask/make-draft.ts'
import { readAskedWords } from '../ask/words.ts'
import { writeGivenFile } from '../ask/write-file.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { waitForRoster, withService } from '../service-options.ts'
import { chooseSigner } from '../signing.ts'
import { globalHelpLines } from '../views/module-help.ts'

/** `mig action draft [-o FILE] <module> [options]`, or `mig action draft [-o FILE] FILE` for a MIG v2 or hand-written file. */
export function define(command: Command, context: CommandContext): void {
  command
    .usage('[-o FILE] <module> [options]  |  [-o FILE] FILE [options]')
    .argument('[words...]', 'a question as in `mig <module> …`, or a file')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const { output, rest } = takeOutput(words)
      if (rest.length === 0 || rest.some((word) => word === '-h' || word === '--help')) {
        for (const line of [...command.helpInformation().trimEnd().split('\n'), '', ...globalHelpLines()])
          context.terminal.out(line)
        return
      }
      const { question, options } = await questionOf(rest, context)
      await withService(context, options, async ({ service, config }) => {
        const signer = await chooseSigner(context, { key: options.key, gpg: options.gpg, config }).catch(
          (error: unknown) => {
            if (options.key !== undefined || !(error instanceof MigError)) throw error
            return undefined
          },
        )
        if (options.targetFound !== undefined || options.targetNotFound !== undefined)
          await waitForRoster(context, service)
        const setup = { drafter: signer?.fingerprint, terminal: context.terminal }
        // Others must find it, read it and sign it.
        const file = await makeDraft(service, question, { ...options, sign: true }, setup)
        if (output === undefined) return context.terminal.raw(formatActionFile(file))
        await writeGivenFile(output, formatActionFile(file), true)
        context.terminal.say(`${output}: action ${file.id}`)
        context.terminal.say(`next: mig action sign ${output}`)
      })
    })
}

/** `-o FILE` may stand anywhere before the module's own options; it is no option of questions. */
function takeOutput(words: readonly string[]): { output: string | undefined; rest: readonly string[] } {
  const at = words.findIndex((word) => word === '-o' || word === '--output' || word === '-output')
  if (at < 0) return { output: undefined, rest: words }
  const output = words[at + 1]
  if (output === undefined) throw new MigError('usage', 'flag needs an argument: -o')
  return { output, rest: [...words.slice(0, at), ...words.slice(at + 2)] }
}

async function questionOf(words: readonly string[], context: CommandContext) {
  const [first] = words
  const isFile = first !== undefined && !first.startsWith('-') && findModule(first) === undefined
  const asked = readAskedWords(isFile ? ['-i', ...words] : words)
  const { options } = asked
  const config = await loadConfig(context, options.config)
  if (options.input !== undefined) {
    const loaded = await loadActionFile(options.input)
    if (loaded.kind === 'action')
      throw new MigError('usage', `${options.input} is no draft: it has its window and id`, {
        hint: `mig action sign ${options.input}`,
      })
    for (const change of loaded.draft.changes) context.terminal.say(change)
    const target =
      options.target === undefined ? loaded.draft.target : resolveTarget(options, config, context)
    const question: Question = { ...loaded.draft, name: options.title ?? loaded.draft.name, target }
    return { question, options }
  }
  if (asked.module === undefined)
    throw new MigError('usage', 'nothing is asked', {
      hint: 'mig action draft -o action.json file -path /etc',
    })
  const parameters = parseModuleFlags(asked.module, asked.moduleWords) as Json
  const question: Question = {
    name: options.title ?? titleOf(['mig', ...words]),
    target: resolveTarget(options, config, context),
    operations: [{ module: asked.module.name, parameters }],
  }
  return { question, options }
}
