import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { MigError } from '../../node/core/error.ts'
import type { NodeState } from '../../node/roles/enrol.ts'
import type { AgentSetup } from '../../node/roles/run-agent.ts'
import type { CommandContext } from '../context.ts'
import type { ResolvedNodeOptions } from '../node-options.ts'
import { version } from '../version.ts'

/** What an agent's gate process is given, whether it stays or only checks in.
 *  @param root the machine to look at, as given on the command line
 *  @throws MigError `bad-input` when that is no directory */
export async function agentSetup(
  context: CommandContext,
  state: NodeState,
  options: ResolvedNodeOptions,
  given: { readonly root?: string | undefined; readonly mode: 'daemon' | 'checkin' },
): Promise<AgentSetup> {
  const root = resolve(given.root ?? options.config.agent?.root ?? '/')
  if (!(await stat(root).catch(() => undefined))?.isDirectory())
    throw new MigError('bad-input', `--root ${root} is not a directory`)
  return {
    state,
    root,
    version,
    mode: given.mode,
    command: context.command,
    prlimit: findProgram(context.settings.path, 'prlimit'),
    gently: gentleWords(context.settings.path),
    corePercent: options.config.agent?.corepercent,
    threads: options.config.agent?.threads,
    meshArguments: meshArguments(options),
    proxy: options.proxyText,
  }
}

function meshArguments(options: ResolvedNodeOptions): readonly string[] {
  const list = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value])
  return [
    ...['--state', options.state, '--log-level', options.logLevel],
    ...list('--listen', options.listen),
    ...list('--announce', options.announce),
    ...list('--bootstrap', options.bootstrap),
    ...(options.relay === undefined ? [] : [options.relay ? '--relay' : '--no-relay']),
    ...(options.mdns === undefined ? [] : [options.mdns ? '--mdns' : '--no-mdns']),
  ]
}

/** `ionice -c 3`, where it is and does what is asked: a container may forbid it. */
function gentleWords(path: string): readonly string[] {
  const ionice = findProgram(path, 'ionice')
  const nothing = findProgram(path, 'true')
  if (ionice === undefined || nothing === undefined) return []
  const words = [ionice, '-c', '3']
  const trial = spawnSync(ionice, [...words.slice(1), nothing], { env: {}, stdio: 'ignore', timeout: 2000 })
  return trial.status === 0 ? words : []
}

function findProgram(path: string, name: string): string | undefined {
  for (const directory of path.split(delimiter).filter((part) => part.startsWith('/'))) {
    const candidate = join(directory, name)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // not in this directory
    }
  }
  return undefined
}
