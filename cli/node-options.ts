import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Role } from '../node/core/certificate.ts'
import type { Outward } from '../node/mesh/outward.ts'
import { type Config, loadConfig } from './config.ts'
import { type CommandContext, statePath } from './context.ts'
import { readBootstrapPeers } from './fleet/bootstrap.ts'
import { outwardOf, proxyText } from './fleet/outward-options.ts'
import { type LogLevel, logLevels } from './log.ts'

/** What `mig agent|relay|investigator start` has on its command line. */
export interface NodeOptions {
  readonly config?: string
  readonly state?: string
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly relay?: boolean
  readonly mdns?: boolean
  readonly logLevel?: LogLevel
  readonly stopOnEof?: boolean
}

/** The same, with everything decided. */
export interface ResolvedNodeOptions extends Outward {
  readonly config: Config
  readonly state: string
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  /** Carries circuits for other members. Undefined: as the policy has it. */
  readonly relay: boolean | undefined
  /** Undefined: where the node is in an office. */
  readonly mdns: boolean | undefined
  /** Of the proxy, with its password. */
  readonly proxyText: string | undefined
  readonly logLevel: LogLevel
}

export const relayListen: readonly string[] = ['/ip4/0.0.0.0/tcp/7373']

export function addNodeOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration; default mig.toml of MIG_HOME')
    .option('--state <dir>', 'state directory of this node')
    .option('--listen <address...>', 'multiaddrs to listen on, for example /ip4/0.0.0.0/tcp/7373')
    .option('--announce <address...>', 'multiaddrs told to others in place of the listening ones')
    .option(
      '--bootstrap <address...>',
      'members to dial first: multiaddrs with /p2p/<id>, or files that list them',
    )
    .option(
      '--relay',
      'let members that nobody can dial be reached through this one; relays do unless told not to, others where the policy has chosen them',
    )
    .option('--no-relay', 'relay for nobody, whatever the policy says')
    .option('--mdns', 'find members in the same office by multicast DNS; so it is unless all is on loopback')
    .option('--no-mdns', 'send nothing of the kind')
    .addOption(new Option('--log-level <level>', 'what is logged to stderr').choices([...logLevels]))
    .addOption(
      new Option(
        '--stop-on-eof',
        'stop when stdin ends: for whoever starts nodes and must leave none behind',
      ).hideHelp(),
    )
}

/** Options go before the configuration, the configuration before what is built in. */
export async function resolveNodeOptions(
  context: CommandContext,
  role: Role,
  options: NodeOptions,
): Promise<ResolvedNodeOptions> {
  if (options.stopOnEof === true) {
    process.stdin.resume()
    // What only watches must not keep a node that has stopped from ending.
    if ('unref' in process.stdin) process.stdin.unref()
    process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'))
  }
  const config = await loadConfig(context, options.config)
  const own = config[role]
  return {
    config,
    state: resolve(statePath(context, role, options.state ?? own?.state)),
    listen: options.listen ?? own?.listen ?? (role === 'relay' ? relayListen : []),
    announce: options.announce ?? own?.announce ?? [],
    bootstrap: await readBootstrapPeers(context, options.bootstrap ?? own?.bootstrap),
    relay: options.relay ?? own?.relay ?? (role === 'relay' ? true : undefined),
    mdns: options.mdns ?? own?.mdns,
    proxyText: proxyText(context, config),
    ...(await outwardOf(context, config, role)),
    logLevel: options.logLevel ?? config.log?.level ?? 'info',
  }
}
