import type { CommandEntry } from './command-entry.ts'
import { createContext, type ExitCode } from './context.ts'
import { reported } from './reported.ts'
import { runEntry } from './run-entry.ts'

/** Runs one command line. @returns the exit code */
export async function run(words: readonly string[]): Promise<ExitCode> {
  const context = createContext()
  return reported(context, async () => {
    const [{ dispatch }, { commands }] = await Promise.all([import('./dispatch.ts'), import('./registry.ts')])
    return dispatch(words, context, commands)
  })
}

/** Runs one command of which the process knows no other: what it does not know it cannot be made to do. */
export function runOnly(entry: CommandEntry): (words: readonly string[]) => Promise<ExitCode> {
  return (words) => {
    const context = createContext()
    return reported(context, () =>
      runEntry(entry, words.slice(entry.words.split(' ').length), context, [entry]),
    )
  }
}
