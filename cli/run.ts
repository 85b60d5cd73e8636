import { MigError, messageOf } from '../node/core/error.ts'
import type { CommandEntry } from './command-entry.ts'
import { type CommandContext, createContext, type ExitCode } from './context.ts'
import { runEntry } from './run-entry.ts'
import { describeError } from './terminal.ts'

/** Runs one command line. @returns the exit code */
export async function run(words: readonly string[]): Promise<ExitCode> {
  return reported(async (context) => (await import('./dispatch.ts')).dispatch(words, context))
}

/** Runs one command of which the process knows no other: what it does not know it cannot be made to do. */
export function runOnly(entry: CommandEntry): (words: readonly string[]) => Promise<ExitCode> {
  return (words) =>
    reported((context) => runEntry(entry, words.slice(entry.words.split(' ').length), context, [entry]))
}

async function reported(work: (context: CommandContext) => Promise<ExitCode>): Promise<ExitCode> {
  const context = createContext()
  try {
    return await work(context)
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
