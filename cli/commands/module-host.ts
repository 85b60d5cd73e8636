import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { endWithParent, serveOrders } from '../module-host.ts'
import { moduleThreads } from '../module-threads.ts'
import { wholeNumber } from '../option-values.ts'

interface HostFlags {
  readonly root: string
  readonly parent?: number
  readonly corePercent?: number
  readonly threads?: number
}

/** The child in which the gate runs operations. Only the gate starts it. */
export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption('--root <dir>', 'the machine to look at')
    .option('--parent <pid>', 'end with this process', wholeNumber)
    .option('--core-percent <n>', 'use at most so much of one core', wholeNumber)
    .option('--threads <n>', 'threads of one operation', wholeNumber)
    .action(async (options: HostFlags) => {
      if (options.parent !== undefined) endWithParent(options.parent)
      await serveOrders(resolve(options.root), {
        share: (options.corePercent ?? 100) / 100,
        threads: moduleThreads(options.threads),
        signal: context.signal,
        input: process.stdin,
        output: process.stdout,
      })
      // A module may have left something hanging; everything has been written.
      process.exit(0)
    })
}
