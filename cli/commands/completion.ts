import type { Command } from 'commander'
import { describeFlags } from '../../modules/command-line.ts'
import { modules } from '../../modules/registry.ts'
import { globalFlags } from '../ask/globals.ts'
import type { CommandEntry } from '../command-entry.ts'
import type { CommandContext } from '../context.ts'
import { oneOf } from '../option-values.ts'
import { type CompletionWords, completionScript, shells } from '../views/completion.ts'

/** `mig completion SHELL`: what to put into the shell's start-up file. */
export function define(command: Command, context: CommandContext, entries: readonly CommandEntry[]): void {
  command.argument('<shell>', shells.join(', ')).action((text: string) => {
    const shell = oneOf('shell', shells, text)
    const words: CompletionWords = {
      commands: entries.filter((entry) => entry.hidden !== true).map((entry) => entry.words.split(' ')),
      modules: new Map(
        modules.map((module) => [module.name, describeFlags(module).map(({ flag }) => `-${flag}`)]),
      ),
      globals: globalFlags.flatMap(({ names }) =>
        names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)),
      ),
    }
    context.terminal.raw(completionScript(shell, words))
  })
}
