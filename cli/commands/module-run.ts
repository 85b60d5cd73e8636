import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { defaultOutputBytes } from '../../node/core/limits.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { endWithParent, moduleNamed, readModuleMessage, runHere, streamHere } from '../module-child.ts'
import { wholeNumber } from '../option-values.ts'
import { inertJson } from '../views/json.ts'

interface Options {
  readonly root: string
  readonly events?: true
  readonly parent?: number
  readonly wallMs?: number
  readonly matches: number
  readonly bytes: number
}

/** `mig module run NAME < params.json`. With `--events` it is the child that the gate starts for each operation. */
export function define(command: Command, context: CommandContext): void {
  const hidden = (flags: string, text: string) => new Option(flags, text).hideHelp()
  command
    .argument('<name>', 'the module')
    .option('--root <dir>', 'the machine to look at: a mounted image, or /', '/')
    .addOption(hidden('--events', 'stream events for the gate'))
    .addOption(hidden('--parent <pid>', 'end with this process').argParser(wholeNumber))
    .addOption(hidden('--wall-ms <n>', 'stop then').argParser(wholeNumber))
    .addOption(hidden('--matches <n>', 'findings kept').argParser(wholeNumber).default(1_000_000))
    .addOption(
      hidden('--bytes <n>', 'bytes of elements')
        .argParser(wholeNumber)
        .default(8 * defaultOutputBytes),
    )
    .action(async (name: string, options: Options) => {
      if (options.parent !== undefined) endWithParent(options.parent)
      const definition = moduleNamed(name)
      const parameters = await readModuleMessage(process.stdin)
      const root = resolve(options.root)
      const limits = { wallMs: options.wallMs, matches: options.matches, outputBytes: options.bytes }
      if (options.events === true) {
        await streamHere(definition, parameters, root, limits, {
          signal: context.signal,
          output: process.stdout,
        })
        // A module may have left something hanging; everything has been written.
        process.exit(0)
      }
      const present = (definition.normalise?.(parameters) ?? parameters) as typeof parameters
      const result = await runHere(definition, present, root, limits, context.signal)
      context.terminal.raw(`${inertJson(result)}\n`)
      if (!result.success) throw new Exit(1)
    })
}
