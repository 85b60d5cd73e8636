import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath } from '../fleet/fleet-directory.ts'
import { policyOfDirectory, policyOfNode, viewHeld } from '../fleet/policy-source.ts'
import { describePolicy } from '../fleet/policy-words.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'

interface ShowOptions extends ServiceOptions {
  readonly fleetDir?: string
  readonly node?: boolean
  readonly json?: boolean
}

/** The policy of the fleet's directory where there is one, else that of the investigator's node. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option('--node', 'the policy in force, as the investigator’s node has it')
    .option('--json', 'print as JSON')
    .action(async (options: ShowOptions) => {
      const config = await loadConfig(context, options.config)
      const path = fleetPath(context, options.fleetDir, config)
      const fromDirectory = async () => {
        try {
          return await policyOfDirectory(context, path)
        } catch (error) {
          const isElsewhere = error instanceof MigError && error.code === 'not-found'
          if (!isElsewhere || options.fleetDir !== undefined) throw error
          return undefined
        }
      }
      const held =
        (options.node === true ? undefined : await fromDirectory()) ?? (await policyOfNode(context, options))
      const view = await viewHeld(context, held)
      if (options.json === true) context.terminal.raw(`${JSON.stringify(view, null, 2)}\n`)
      else for (const line of describePolicy(view)) context.terminal.out(line)
    })
}
