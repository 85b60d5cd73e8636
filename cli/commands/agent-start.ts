import { type Command, Option } from 'commander'
import { openNodeState } from '../../node/roles/enrol.ts'
import { runAgent } from '../../node/roles/run-agent.ts'
import type { CommandContext } from '../context.ts'
import { agentSetup } from '../fleet/agent-setup.ts'
import { boundStop, keepParserSmall, stopWithinMs } from '../fleet/start.ts'
import { createLog } from '../log.ts'
import { addNodeOptions, type NodeOptions, resolveNodeOptions } from '../node-options.ts'

interface AgentOptions extends NodeOptions {
  readonly root?: string
  readonly mode?: 'daemon' | 'checkin'
}

/** The gate process; it starts the mesh process, which prints `ready` when it runs. */
export function define(command: Command, context: CommandContext): void {
  addNodeOptions(command)
    .option('--root <dir>', 'the machine to look at; default /')
    .addOption(new Option('--mode <mode>', 'what the agent says of itself').choices(['daemon', 'checkin']))
    .action(async (given: AgentOptions) => {
      boundStop(context, stopWithinMs)
      keepParserSmall()
      const options = await resolveNodeOptions(context, 'agent', given)
      const root = resolve(given.root ?? options.config.agent?.root ?? '/')
      if (!(await stat(root).catch(() => undefined))?.isDirectory())
        throw new MigError('bad-input', `--root ${root} is not a directory`)
      const state = await openNodeState(options.state, 'agent')
      const { clock, random, signal, command: self } = context
      await runAgent(
        {
          state,
          root,
          version,
          mode: given.mode ?? options.config.agent?.mode ?? 'daemon',
          command: self,
          prlimit: findProgram(context.settings.path, 'prlimit'),
          meshArguments: meshArguments(options),
        },
        { clock, random, log: createLog(options.logLevel, 'gate'), signal },
      )
    })
}

function meshArguments(options: ResolvedNodeOptions): readonly string[] {
  const list = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value])
  return [
    ...['--state', options.state, '--log-level', options.logLevel],
    ...list('--listen', options.listen),
    ...list('--announce', options.announce),
    ...list('--bootstrap', options.bootstrap),
    ...(options.relay ? ['--relay'] : []),
  ]
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
