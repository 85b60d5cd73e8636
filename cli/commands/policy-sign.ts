import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath, openFleetDirectory } from '../fleet/fleet-directory.ts'
import { signPolicy } from '../fleet/policy-sign.ts'
import { addSigningOptions } from '../signing.ts'

interface SignOptions {
  readonly fleetDir?: string
  readonly key?: string
  readonly gpg?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CommandContext): void {
  addSigningOptions(command)
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option('--json', 'print what was signed as JSON')
    .action(async (options: SignOptions) => {
      const config = await loadConfig(context)
      const fleet = await openFleetDirectory(
        fleetPath(context, options.fleetDir, config),
        context.clock.now(),
      )
      const signed = await signPolicy(context, fleet, { ...options, config })
      for (const warning of signed.warnings) context.terminal.say(`warning: ${warning}`)
      const { version, hash, signers, threshold } = signed
      if (options.json === true) {
        context.terminal.raw(`${JSON.stringify({ version, hash, signers, threshold }, null, 2)}\n`)
      } else context.terminal.out(hash)
      context.terminal.say(
        `policy ${version} ${signed.isCoSigned ? 'is co-signed' : 'is signed'} by ${signers.join(', ')}: ${fleet.files.policy}`,
      )
      if (signers.length < threshold) {
        context.terminal.say(
          `${signers.length} of ${threshold} people have signed: give policy.mig and policy.json to another, who runs mig policy sign`,
        )
      } else context.terminal.say('next: mig policy publish')
    })
}
