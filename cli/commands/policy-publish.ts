import type { Command } from 'commander'
import { base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath, openFleetDirectory } from '../fleet/fleet-directory.ts'
import { trustedPolicy } from '../fleet/invite.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'

/** A node of the command's own tells its neighbours by session, too; that takes a moment. */
const sessionMs = 1500

interface PublishOptions extends ServiceOptions {
  readonly fleetDir?: string
}

export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .action(async (options: PublishOptions) => {
      const config = await loadConfig(context, options.config)
      const fleet = await openFleetDirectory(
        fleetPath(context, options.fleetDir, config),
        context.clock.now(),
      )
      const policy = await trustedPolicy(context, fleet)
      await withService(context, options, async ({ service, isShared }) => {
        const about = await service.about()
        if (about.fleet !== policy.fleet) {
          throw new MigError(
            'wrong-fleet',
            `this node is of fleet ${about.fleet}, the policy for ${policy.fleet}`,
          )
        }
        if (about.policyVersion > policy.version) {
          throw new MigError(
            'bad-policy',
            `the fleet has policy ${about.policyVersion} already, this is version ${policy.version}`,
            { hint: 'mig policy edit --pull fetches it; then edit and sign again' },
          )
        }
        if (!isShared) await service.ready()
        const { recipients } = await service.publish('policy', base64Encode(policy.bytes))
        const { links } = await service.ready()
        if (links === 0) {
          throw new MigError(
            'not-reachable',
            `policy ${policy.version} is in this node only: no member is connected`,
            {
              hint: 'it goes out as soon as the node runs and reaches one: mig investigator start, mig doctor',
            },
          )
        }
        if (!isShared) await context.clock.sleep(sessionMs)
        context.terminal.out(policy.hash)
        context.terminal.say(
          `policy ${policy.version} went to ${Math.max(recipients, links)} members, who pass it on; mig agents shows who has it`,
        )
      })
    })
}
