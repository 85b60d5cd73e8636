import { MigError, messageOf } from '../node/core/error.ts'
import { createContext, type ExitCode } from './context.ts'
import { describeError } from './terminal.ts'
import { version } from './version.ts'

/** Runs one command line. @returns the exit code */
export async function run(words: readonly string[]): Promise<ExitCode> {
  if (words.length === 1 && ['version', '--version', '-V'].includes(words[0] ?? '')) {
    process.stdout.write(`mig ${version}\n`)
    return 0
  }
  const context = createContext()
  const { dispatch } = await import('./dispatch.ts')
  try {
    return await dispatch(words, context)
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
