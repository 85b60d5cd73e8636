import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { loadConfig } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { describeStatus, hasNode, readNodeStatus } from '../fleet/node-status.ts'

interface StatusOptions {
  readonly config?: string
  readonly state?: string
  readonly json?: boolean
}

export function define(command: Command, context: CommandContext): void {
  command
    .option('-c, --config <file>', 'configuration; default mig.toml of MIG_HOME')
    .option('--state <dir>', 'state directory of the agent')
    .option('--json', 'print as JSON')
    .action(async (options: StatusOptions) => {
      const config = await loadConfig(context, options.config)
      const state = resolve(statePath(context, 'agent', options.state ?? config.agent?.state))
      if (!(await hasNode(state))) {
        throw new MigError('not-enrolled', `${state} holds no enrolled agent`, {
          hint: 'mig agent enrol <invitation>',
        })
      }
      const status = await readNodeStatus(state, 'agent', context.clock.now())
      if (options.json === true) context.terminal.raw(`${JSON.stringify(status, null, 2)}\n`)
      else for (const line of describeStatus(status)) context.terminal.out(line)
    })
}
