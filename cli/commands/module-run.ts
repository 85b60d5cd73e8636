import { resolve } from 'node:path'
import type { Command } from 'commander'
import { defaultOutputBytes } from '../../node/core/limits.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { readModuleMessage } from '../module-message.ts'
import { moduleNamed } from '../module-named.ts'
import { runHere } from '../run-here.ts'
import { inertJson } from '../views/json.ts'

const limits = { matches: 1_000_000, outputBytes: 8 * defaultOutputBytes }

/** `mig module run NAME < params.json` */
export function define(command: Command, context: CommandContext): void {
  command
    .argument('<name>', 'the module')
    .option('--root <dir>', 'the machine to look at: a mounted image, or /', '/')
    .action(async (name: string, options: { readonly root: string }) => {
      const definition = moduleNamed(name)
      const parameters = await readModuleMessage(process.stdin)
      const present = (definition.normalise?.(parameters) ?? parameters) as typeof parameters
      const result = await runHere(definition, present, resolve(options.root), limits, context.signal)
      context.terminal.raw(`${inertJson(result)}\n`)
      if (!result.success) throw new Exit(1)
    })
}
