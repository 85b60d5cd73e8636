import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { moduleNamed } from '../module-named.ts'
import { moduleHelpLines } from '../views/module-help.ts'

/** `mig module help NAME`: the same as `mig NAME help`. */
export function define(command: Command, context: CommandContext): void {
  command.argument('<name>', 'the module').action((name: string) => {
    for (const line of moduleHelpLines(moduleNamed(name))) context.terminal.out(line)
  })
}
