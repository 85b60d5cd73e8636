import { Command, CommanderError } from 'commander'
import { MigError } from '../node/core/error.ts'
import type { CommandEntry } from './command-entry.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { Exit } from './exit.ts'
import { toUsualForm } from './mig-arguments.ts'

/** Runs one command on what follows its words.
 *  @param commands the table that completion prints */
export async function runEntry(
  entry: CommandEntry,
  rest: readonly string[],
  context: CommandContext,
  commands: readonly CommandEntry[],
): Promise<ExitCode> {
  const { define } = await entry.load()
  const command = new Command(`mig ${entry.words}`)
    .description(entry.summary)
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeOut: (text) => context.terminal.raw(text), writeErr: () => undefined })
  define(command, context, commands)
  try {
    await command.parseAsync(toUsualForm(rest, command), { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof Exit) return error.code
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed' || error.exitCode === 0) return 0
    throw new MigError('usage', error.message.replace(/^error: /, ''), { hint: `mig ${entry.words} --help` })
  }
}
