import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'
import { invitationLines, overuseLines } from '../views/invitations.ts'
import { inertJson } from '../views/json.ts'

/** `mig invite list`: every invitation that this fleet still goes by, who has come in by it, and whether that is more than it allows. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .option('--json', 'print as JSON')
    .action(async (options: ServiceOptions & { readonly json?: boolean }) => {
      const { terminal } = context
      const invitations = await withService(context, options, async ({ service, isShared }) => {
        if (!isShared) await waitForRoster(context, service)
        return service.invitations()
      })
      if (options.json === true) terminal.raw(`${inertJson(invitations, 2)}\n`)
      else for (const line of invitationLines(invitations)) terminal.out(line)
      if (invitations.length === 0)
        terminal.say('no invitation is known here: mig invite --role agent makes one')
      for (const line of overuseLines(invitations)) terminal.say(line)
    })
}
