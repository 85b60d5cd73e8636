import { join, resolve } from 'node:path'
import type { Role } from '../node/core/certificate.ts'
import type { Clock, Random } from '../node/core/clock.ts'
import { systemClock, systemRandom } from '../node/system/system-clock.ts'
import { readSettings, type Settings } from './settings.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/** What every command is given. */
export interface CommandContext {
  readonly settings: Settings
  readonly terminal: Terminal
  readonly clock: Clock
  readonly random: Random
  /** Aborts at the first ctrl-C or SIGTERM; a second one ends the process. */
  readonly signal: AbortSignal
  /** `[node, mig.js]`: how to run this project again. */
  readonly command: readonly string[]
}

/** What a command's promise gives: its exit code (docs/command-line.md). */
export type ExitCode = number

export function createContext(): CommandContext {
  const settings = readSettings()
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort(new Error(name))
    })
  }
  return {
    settings,
    terminal: createTerminal(settings.noColor, () => stop.abort(new Error('nobody reads the output'))),
    clock: systemClock,
    random: systemRandom,
    signal: stop.signal,
    command: [process.execPath, process.argv[1] ?? ''],
  }
}

/** `$MIG_HOME`, or the platform's place for data. */
export function migHome(settings: Settings): string {
  if (settings.migHome !== undefined && settings.migHome !== '') return settings.migHome
  if (process.platform === 'win32')
    return join(settings.localAppData ?? join(settings.home, 'AppData', 'Local'), 'mig')
  if (process.platform === 'darwin') return join(settings.home, 'Library', 'Application Support', 'mig')
  return join(settings.xdgDataHome ?? join(settings.home, '.local', 'share'), 'mig')
}

/** The state directory of a role: `--state`, else `<mig home>/<role>`. Absolute: the name of a node's socket is made from it. */
export function statePath(context: CommandContext, role: Role, option: string | undefined): string {
  return resolve(option ?? join(migHome(context.settings), role))
}
