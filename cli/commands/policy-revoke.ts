import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { type PolicyBody, parsePolicyBody } from '../../node/core/policy.ts'
import { replaceFile } from '../../node/store/private-file.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath, openFleetDirectory, readPolicyJson } from '../fleet/fleet-directory.ts'
import { nodesKnown } from '../fleet/nodes-known.ts'
import { checkDraft } from '../fleet/policy-draft.ts'
import { findRevocation, policyText, revoke } from '../fleet/policy-revoke.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'

interface RevokeOptions extends ServiceOptions {
  readonly fleetDir?: string
}

/** Writes the revocation into `policy.json`; it holds once that is signed and published. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<who>', 'a person’s name or fingerprint, a node’s name or peer id, or an invitation’s id')
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .action(async (who: string, options: RevokeOptions) => {
      const config = await loadConfig(context, options.config)
      const fleet = await openFleetDirectory(
        fleetPath(context, options.fleetDir, config),
        context.clock.now(),
      )
      const edited = await readPolicyJson(fleet)
      const parsed = parsePolicyBody(edited)
      if (typeof parsed === 'string') throw new MigError('bad-policy', `${fleet.files.policyJson}: ${parsed}`)
      const body = edited as PolicyBody
      const found = await findRevocation(who, body, () => nodesKnown(context, options))
      const changed = revoke(body, found)
      if (changed === undefined) {
        context.terminal.say(`${found.words} is revoked in ${fleet.files.policyJson} already`)
        return
      }
      const { warnings } = await checkDraft(changed, fleet, context.clock.now())
      await replaceFile(fleet.files.policyJson, policyText(changed))
      for (const warning of warnings) context.terminal.say(`warning: ${warning}`)
      context.terminal.say(`${found.words} is revoked in ${fleet.files.policyJson}`)
      if (found.kind === 'people')
        context.terminal.say('nodes that this person invited lose their membership too: invite them anew')
      context.terminal.say('it holds once it is signed and sent: mig policy sign && mig policy publish')
    })
}
