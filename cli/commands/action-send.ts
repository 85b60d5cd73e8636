import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { loadAction } from '../ask/action-file.ts'
import { followAction } from '../ask/follow.ts'
import { confirmLaunch, sendFile } from '../ask/launch.ts'
import { policyOf } from '../ask/policy.ts'
import { replySeedFor } from '../ask/reply-key.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { addFollowOptions, type FollowFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'
import { addSigningOptions, chooseSigner, type SigningOptions } from '../signing.ts'

type Options = ServiceOptions & SigningOptions & FollowFlags & { readonly follow?: true; readonly yes?: true }

/** `mig action send FILE`: sends what is signed; the reply key is opened with my key where the node did not draft the action. */
export function define(command: Command, context: CommandContext): void {
  addFollowOptions(addSigningOptions(addServiceOptions(command)))
    .argument('<file>', 'a signed action file')
    .option('--follow', 'follow the answers')
    .option('-y, --yes', 'no countdown')
    .action(async (path: string, options: Options) => {
      const file = await loadAction(path)
      if (file.signatures.length === 0)
        throw new MigError('bad-action', `${path} is not signed`, { hint: `mig action sign ${path}` })
      if (file.action.expireafter <= context.clock.now())
        throw new MigError('expired', `${path} is past its expireafter`, { hint: 'draft it anew' })
      const code = await withService(context, options, async ({ service, config, isShared }) => {
        await waitForRoster(context, service)
        const policy = await policyOf(service, context.clock.now())
        const setup = { service, policy, signer: undefined, options: { yes: options.yes === true } }
        if (!(await confirmLaunch(file, setup, context))) return 5
        const signer = () => chooseSigner(context, { key: options.key, gpg: options.gpg, config })
        const id = await sendFile(
          file,
          service,
          context,
          await replySeedFor(file, { service, signer }, context),
        )
        if (options.follow !== true) {
          context.terminal.out(id)
          return 0
        }
        const { show, wait: waitMs } = options
        const follow = {
          show,
          format: formatOf(options),
          waitMs,
          expireAfter: file.action.expireafter,
          isShared,
        }
        return followAction(id, service, follow, context)
      })
      if (code !== 0) throw new Exit(code)
    })
}
