import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Role } from '../../node/core/certificate.ts'
import { MigError } from '../../node/core/error.ts'
import { type Config, loadConfig } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { hasNode, readNodeStatus } from '../fleet/node-status.ts'
import { describeRelayStatus, relayStatus } from '../fleet/relay-status.ts'
import { inertJson } from '../views/json.ts'

interface StatusOptions {
  readonly config?: string
  readonly state?: string
  readonly role?: Role
  readonly json?: boolean
}

/** Any member can relay; the likeliest comes first. */
const inOrder: readonly Role[] = ['relay', 'agent', 'investigator']

/** `mig relay status`: for whom this machine's node relays. It reads what the running node writes, at most ten seconds old. */
export function define(command: Command, context: CommandContext): void {
  command
    .option('-c, --config <file>', 'configuration; default mig.toml of MIG_HOME')
    .option('--state <dir>', 'state directory of the node')
    .addOption(
      new Option('--role <role>', 'which node of this machine; default: its relay, else its agent').choices([
        ...inOrder,
      ]),
    )
    .option('--json', 'print as JSON')
    .action(async (options: StatusOptions) => {
      const config = await loadConfig(context, options.config)
      const { role, state } = await findNode(context, config, options)
      const status = await readNodeStatus(state, role, context.clock.now())
      if (options.json === true) context.terminal.raw(`${inertJson(relayStatus(status), 2)}\n`)
      else for (const line of describeRelayStatus(status)) context.terminal.out(line)
    })
}

async function findNode(
  context: CommandContext,
  config: Config,
  { role, state }: StatusOptions,
): Promise<{ readonly role: Role; readonly state: string }> {
  const roles = role === undefined ? inOrder : [role]
  let fault: unknown
  for (const candidate of roles) {
    const path = resolve(statePath(context, candidate, state ?? config[candidate]?.state))
    if (!(await hasNode(path))) continue
    try {
      // A directory that was named may be any role's.
      await readNodeStatus(path, candidate, context.clock.now())
      return { role: candidate, state: path }
    } catch (error) {
      if (role !== undefined || state === undefined) throw error
      fault ??= error
    }
  }
  if (fault !== undefined) throw fault
  throw new MigError('not-enrolled', `${state ?? 'this machine'} holds no enrolled ${roles.join(' or ')}`, {
    hint: 'mig relay enrol <invitation>',
  })
}
