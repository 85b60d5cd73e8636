import { MigError } from '../../node/core/error.ts'
import { openNodeState } from '../../node/roles/enrol.ts'
import type { AgentSetup } from '../../node/roles/run-agent.ts'
import type { CommandContext } from '../context.ts'
import { resolveNodeOptions } from '../node-options.ts'
import { agentSetup } from './agent-setup.ts'
import { readRunningFile } from './running-file.ts'

/** What the gate of an agent is given that does not run.
 *  @throws MigError `state-in-use` while it runs */
export async function offlineSetup(
  context: CommandContext,
  path: string,
  given: { readonly config?: string | undefined; readonly root?: string | undefined },
): Promise<AgentSetup> {
  if ((await readRunningFile(path)) !== undefined)
    throw new MigError('state-in-use', `the agent in ${path} runs`, {
      hint: 'a bundle is for an agent that has no network: stop it first; it takes up what came in when it starts',
    })
  const state = await openNodeState(path, 'agent')
  const options = await resolveNodeOptions(context, 'agent', {
    state: path,
    ...(given.config === undefined ? {} : { config: given.config }),
  })
  return agentSetup(context, state, options, { root: given.root, mode: 'checkin' })
}
