import { type Command, Option } from 'commander'
import type { InvestigatorService } from '../node/roles/service.ts'
import { type Config, loadConfig } from './config.ts'
import { type CommandContext, statePath } from './context.ts'

/** Which investigator's node a command uses. */
export interface ServiceOptions {
  readonly state?: string | undefined
  readonly listen?: readonly string[] | undefined
  readonly bootstrap?: readonly string[] | undefined
  readonly config?: string | undefined
  readonly verbose?: boolean | undefined
}

export interface UsedService {
  readonly service: InvestigatorService
  readonly config: Config
  /** A node was running already and goes on; false for one of the command's own. */
  readonly isShared: boolean
}

/** `--state`, `--listen`, `--bootstrap`, `--config`: as every command has them that uses the investigator's node. */
export function addServiceOptions(command: Command): Command {
  return command
    .option('--state <dir>', 'state directory of the investigator’s node')
    .option('--listen <address...>', 'where a node of the command’s own listens')
    .option('--bootstrap <address...>', 'members to dial first, or files that list them')
    .option('-c, --config <file>', 'configuration (default: mig.toml in the mig home)')
    .addOption(new Option('-v, --verbose', 'say what the command’s own node does'))
}

/** Runs `use` with the investigator's node: the one that runs, or one of the command's own, which is stopped again.
 *  @throws MigError `not-enrolled`, `state-in-use` and what reading the configuration throws */
export async function withService<T>(
  context: CommandContext,
  options: ServiceOptions,
  use: (used: UsedService) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(context, options.config)
  const own = config.investigator ?? {}
  // Timers of a node keep no process alive, and one of the command's own may have no socket open for a moment: while it joins, or stops.
  const keepAlive = setInterval(() => undefined, 60_000)
  try {
    return await withOpened(context, options, own, config, use)
  } finally {
    clearInterval(keepAlive)
  }
}

async function withOpened<T>(
  context: CommandContext,
  options: ServiceOptions,
  own: NonNullable<Config['investigator']>,
  config: Config,
  use: (used: UsedService) => Promise<T>,
): Promise<T> {
  const [{ openService }, { readBootstrapPeers }, { outwardOf }] = await Promise.all([
    import('../node/roles/open-service.ts'),
    import('./fleet/bootstrap.ts'),
    import('./fleet/outward-options.ts'),
  ])
  // Timers of the clock hold no process: one that waits for another command's node would end without a word.
  const holding = setInterval(() => undefined, 60_000)
  try {
    const opened = await openService(
      {
        statePath: statePath(context, 'investigator', options.state ?? own.state),
        listen: options.listen ?? own.listen ?? [],
        bootstrap: await readBootstrapPeers(context, options.bootstrap ?? own.bootstrap),
        outward: await outwardOf(context, config, 'investigator'),
        mdns: own.mdns,
      },
      {
        clock: context.clock,
        random: context.random,
        log: (event, details) => {
          if (options.verbose === true)
            context.terminal.say(`node: ${event} ${details === undefined ? '' : JSON.stringify(details)}`)
        },
      },
    )
    try {
      return await use({ service: opened.service, config, isShared: opened.isShared })
    } finally {
      await opened.close()
    }
  } finally {
    clearInterval(holding)
  }
}

/** Waits until the node has heard from somebody, and says when nobody is there: what follows is then of before. */
export async function waitForRoster(context: CommandContext, service: InvestigatorService): Promise<void> {
  context.terminal.progress('waiting for the first sync …')
  const { links } = await service.ready()
  context.terminal.progress('')
  if (links === 0)
    context.terminal.say('no member is connected: what is shown is what this node knew before (mig doctor)')
}
