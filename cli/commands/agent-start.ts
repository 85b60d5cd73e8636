import { type Command, Option } from 'commander'
import { openNodeState } from '../../node/roles/enrol.ts'
import { runAgent } from '../../node/roles/run-agent.ts'
import type { CommandContext } from '../context.ts'
import { agentSetup } from '../fleet/agent-setup.ts'
import { boundStop, stopWithinMs } from '../fleet/start.ts'
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
      const options = await resolveNodeOptions(context, 'agent', given)
      const mode = given.mode ?? options.config.agent?.mode ?? 'daemon'
      const state = await openNodeState(options.state, 'agent')
      const setup = await agentSetup(context, state, options, { root: given.root, mode })
      const { clock, random, signal } = context
      await runAgent(setup, { clock, random, log: createLog(options.logLevel, 'gate'), signal })
    })
}
