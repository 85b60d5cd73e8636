import { MigError, messageOf } from '../node/core/error.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { describeError } from './terminal.ts'

/** Does a command's work; a failure is told on the terminal and becomes its exit code. */
export async function reported(context: CommandContext, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MigError) {
      for (const line of describeError(error)) context.terminal.say(line)
      return error.code === 'usage' ? 2 : 1
    }
    context.terminal.say(`internal error: ${messageOf(error)}`)
    if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`)
    return 1
  }
}
