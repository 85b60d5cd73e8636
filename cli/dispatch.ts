import { MigError } from '../node/core/error.ts'
import { nearest } from '../node/core/nearest.ts'
import type { CommandEntry } from './command-entry.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { runEntry } from './run-entry.ts'

/** Finds the command, loads it and runs it. A word that names a module is a question (`mig file …`).
 *  @param commands every command there is: the registry, which cannot be imported by what it lists */
export async function dispatch(
  words: readonly string[],
  context: CommandContext,
  commands: readonly CommandEntry[],
): Promise<ExitCode> {
  const [first = 'help'] = words
  if (['help', '--help', '-h'].includes(first)) return await help(words.slice(1), context, commands)
  const entry = find(words, commands)
  if (entry !== undefined)
    return runEntry(entry, words.slice(entry.words.split(' ').length), context, commands)
  const { findModule, modules } = await import('../modules/registry.ts')
  // Options may stand before the module, as MIG has them: `mig -t local file -path /etc`.
  if (first.startsWith('-') || findModule(first) !== undefined)
    return (await import('./ask/ask.ts')).ask(words, context)
  const known = [
    ...new Set(
      commands
        .filter((command) => command.hidden !== true)
        .map((command) => command.words.split(' ')[0] ?? ''),
    ),
  ]
  const second = commands.filter(
    (command) => command.words.startsWith(`${first} `) && command.hidden !== true,
  )
  if (second.length > 0) {
    throw new MigError('usage', `mig ${words.slice(0, 2).join(' ')}: no such command`, {
      hint: `one of: ${second.map((command) => `mig ${command.words}`).join(', ')}`,
    })
  }
  const near = nearest(first, [...known, ...modules.map((module) => module.name)])
  throw new MigError('usage', `there is no command or module '${first}'`, {
    hint: near === undefined ? 'mig help' : `did you mean 'mig ${near}'?`,
  })
}

async function help(
  words: readonly string[],
  context: CommandContext,
  commands: readonly CommandEntry[],
): Promise<ExitCode> {
  const { helpLines } = await import('./help.ts')
  const lines = helpLines(words, commands)
  if (lines === undefined) return dispatch([...words, '--help'], context, commands)
  for (const line of lines) context.terminal.out(line)
  return 0
}

function find(words: readonly string[], commands: readonly CommandEntry[]): CommandEntry | undefined {
  return commands.find((command) => {
    const own = command.words.split(' ')
    return own.every((word, i) => words[i] === word)
  })
}
