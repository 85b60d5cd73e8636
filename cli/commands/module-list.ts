import type { Command } from 'commander'
import { describeFlags, flagsJsonSchema } from '../../modules/command-line.ts'
import { parametersJsonSchema } from '../../modules/parameters.ts'
import { modules } from '../../modules/registry.ts'
import type { CommandContext } from '../context.ts'
import { inertJson } from '../views/json.ts'
import { tableLines } from '../views/table.ts'

/** `mig module list`: every module of this version; with `--json` their options and schemas. */
export function define(command: Command, context: CommandContext): void {
  command.option('--json', 'with options and JSON Schemas').action((options: { readonly json?: true }) => {
    if (options.json !== true) {
      for (const line of tableLines(
        undefined,
        modules.map(({ name, summary }) => [name, summary]),
      ))
        context.terminal.out(line)
      return
    }
    const described = modules.map((module) => ({
      name: module.name,
      summary: module.summary,
      sensitive: module.sensitive,
      flags: describeFlags(module),
      options: flagsJsonSchema(module),
      parameters: parametersJsonSchema(module),
    }))
    context.terminal.raw(`${inertJson(described, 2)}\n`)
  })
}
