import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { endWithParent, serveOrders } from '../module-host.ts'
import { wholeNumber } from '../option-values.ts'

/** The child in which the gate runs operations. Only the gate starts it. */
export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption('--root <dir>', 'the machine to look at')
    .option('--parent <pid>', 'end with this process', wholeNumber)
    .action(async (options: { readonly root: string; readonly parent?: number }) => {
      if (options.parent !== undefined) endWithParent(options.parent)
      await serveOrders(resolve(options.root), {
        signal: context.signal,
        input: process.stdin,
        output: process.stdout,
      })
      // A module may have left something hanging; everything has been written.
      process.exit(0)
    })
}
