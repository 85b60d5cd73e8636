import type { Command } from 'commander'
import type { Instant } from '../../node/core/clock.ts'
import { parseInstant } from '../../node/core/instant.ts'
import { followAction } from '../ask/follow.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { addFollowOptions, type FollowFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'

/** `mig follow ID`: prints what has come, and what still comes. */
export function define(command: Command, context: CommandContext): void {
  addFollowOptions(addServiceOptions(command))
    .argument('<id>', 'the (beginning of an) id')
    .action(async (id: string, options: ServiceOptions & FollowFlags) => {
      const code = await withService(context, options, async ({ service, isShared }) => {
        const { view } = await service.action(id)
        if (!isShared) await waitForRoster(context, service)
        const expireAfter = parseInstant(view.expireafter) ?? (0 as Instant)
        const { show, wait: waitMs } = options
        const follow = { show, format: formatOf(options), waitMs, expireAfter, isShared }
        return followAction(view.id, service, follow, context)
      })
      if (code !== 0) throw new Exit(code)
    })
}
