import { MigError } from '../../node/core/error.ts'
import type { CommandContext } from '../context.ts'
import { type ServiceOptions, withService } from '../service-options.ts'
import type { FleetKnowledge } from './explain-file.ts'
import { policyOf } from './policy.ts'

/** Policy and roster of this machine's investigator's node; undefined where there is none: what a file says by itself can be told
 *  without one. */
export async function knowFleet(
  context: CommandContext,
  options: ServiceOptions,
): Promise<FleetKnowledge | undefined> {
  try {
    return await withService(context, options, async ({ service }) => ({
      policy: await policyOf(service, context.clock.now()),
      agents: await service.agents(),
    }))
  } catch (error) {
    if (!(error instanceof MigError) || error.code !== 'not-enrolled') throw error
    context.terminal.say(`${error.message}: nothing can be said of people, weights and hosts`)
    return undefined
  }
}
