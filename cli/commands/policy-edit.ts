import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { editFile } from '../fleet/edit-file.ts'
import { fleetFiles, fleetPath, openFleetDirectory, readPolicyJson } from '../fleet/fleet-directory.ts'
import { checkDraft } from '../fleet/policy-draft.ts'
import { policyOfNode, saveToDirectory } from '../fleet/policy-source.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'

interface EditOptions extends ServiceOptions {
  readonly fleetDir?: string
  readonly pull?: boolean
}

/** Opens `policy.json` in the person's editor; without a terminal it says which file that is. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option(
      '--pull',
      'begin with the policy in force, fetched from the investigator’s node; drops what was edited',
    )
    .action(async (options: EditOptions) => {
      const config = await loadConfig(context, options.config)
      const path = fleetPath(context, options.fleetDir, config)
      if (options.pull === true) {
        const held = await policyOfNode(context, options)
        await saveToDirectory(context, path, held)
        context.terminal.say(`policy ${held.policy.version} is in ${path}`)
      }
      const fleet = await openFleetDirectory(path, context.clock.now())
      const { policyJson } = fleetFiles(path)
      if (!context.terminal.isInteractive) {
        context.terminal.out(policyJson)
        context.terminal.say('there is no terminal for an editor: edit this file, then mig policy check')
        return
      }
      await editFile(context.settings.editor ?? (process.platform === 'win32' ? 'notepad' : 'vi'), policyJson)
      const { warnings } = await checkDraft(await readPolicyJson(fleet), fleet, context.clock.now())
      for (const warning of warnings) context.terminal.say(`warning: ${warning}`)
      context.terminal.say(`${policyJson} is sound; next: mig policy sign, then mig policy publish`)
    })
}
