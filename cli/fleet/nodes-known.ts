import { MigError } from '../../node/core/error.ts'
import type { CommandContext } from '../context.ts'
import { type ServiceOptions, withService } from '../service-options.ts'
import type { NamedNode } from './policy-revoke.ts'

/** Agents and members that the investigator's node knows by name; nobody where there is no such node. */
export async function nodesKnown(
  context: CommandContext,
  options: ServiceOptions,
): Promise<readonly NamedNode[]> {
  try {
    return await withService(context, options, async ({ service, isShared }) => {
      if (!isShared) await service.ready()
      return [...(await service.agents()), ...(await service.members())]
    })
  } catch (error) {
    if (error instanceof MigError && error.code === 'not-enrolled') return []
    throw error
  }
}
