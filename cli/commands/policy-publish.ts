import type { Command } from 'commander'
import { base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { handOnWaitMs } from '../../node/core/limits.ts'
import type { Published } from '../../node/roles/service.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath, openFleetDirectory } from '../fleet/fleet-directory.ts'
import { trustedPolicy } from '../fleet/invite.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'

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
        const published = await service.publish('policy', base64Encode(policy.bytes))
        const words = spreadWords(policy.version, published)
        context.terminal.out(policy.hash)
        context.terminal.say(words)
      })
    })
}

/** @throws MigError `not-reachable` when nobody has it but this node */
export function spreadWords(version: number, { recipients, links, handed }: Published): string {
  const later = 'it goes out as soon as the node runs and reaches one: mig investigator start, mig doctor'
  if (links === 0) {
    throw new MigError('not-reachable', `policy ${version} is in this node only: no member is connected`, {
      hint: later,
    })
  }
  if (handed === 0 && recipients === 0) {
    throw new MigError(
      'not-reachable',
      `policy ${version} is in this node only: none of ${links} members has taken it within ${handOnWaitMs / 1000} s`,
      { hint: later },
    )
  }
  const members = links === 1 ? '1 member' : `${links} members`
  if (handed === links)
    return `policy ${version} went to ${members}, who ${links === 1 ? 'passes' : 'pass'} it on; mig agents shows who has it`
  return `policy ${version} surely went to ${handed} of ${members} (gossip told ${recipients}); the others get it from them; mig agents shows who has it`
}
