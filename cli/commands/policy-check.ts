import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { fleetPath, openFleetDirectory, readPolicyJson } from '../fleet/fleet-directory.ts'
import { checkDraft } from '../fleet/policy-draft.ts'

interface CheckOptions {
  readonly fleetDir?: string
  readonly json?: boolean
}

/** Judges a policy as every agent will, before anybody signs it. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument('[file]', 'a policy to be signed; default policy.json of the fleet')
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option('--json', 'print the verdict as JSON')
    .action(async (file: string | undefined, options: CheckOptions) => {
      const config = await loadConfig(context)
      const path = fleetPath(context, options.fleetDir, config)
      const found = await openFleetDirectory(path, context.clock.now())
      const fleet = file === undefined ? found : { ...found, files: { ...found.files, policyJson: file } }
      const print = (view: object) => context.terminal.raw(`${JSON.stringify(view, null, 2)}\n`)
      try {
        const { warnings, policy } = await checkDraft(await readPolicyJson(fleet), fleet, context.clock.now())
        if (options.json === true) print({ sound: true, warnings })
        for (const warning of warnings) context.terminal.say(`warning: ${warning}`)
        context.terminal.say(
          `${fleet.files.policyJson} is sound: ${policy.people.length} people, ${Object.keys(policy.acl).length} ACL entries`,
        )
      } catch (error) {
        if (options.json !== true || !(error instanceof MigError)) throw error
        print({ sound: false, code: error.code, message: error.message, hint: error.hint })
        throw new Exit(1)
      }
    })
}
