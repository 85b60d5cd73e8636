import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { actionFileFromWire, type LoadedFile, loadActionFile } from '../ask/action-file.ts'
import { explainFile } from '../ask/explain-file.ts'
import { knowFleet } from '../ask/fleet-knowledge.ts'
import { policyOf } from '../ask/policy.ts'
import type { CommandContext } from '../context.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import { explanationLines } from '../views/explanation.ts'
import { inertJson } from '../views/json.ts'

/** `mig action explain FILE|ID`: who may run it, who must still sign, what it does and where. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<file|id>', 'an action file, or the (beginning of an) id of an action that the node holds')
    .option('--json', 'as JSON')
    .action(async (what: string, options: ServiceOptions & { readonly json?: true }) => {
      const now = context.clock.now()
      const explained =
        what === '-' || existsSync(what)
          ? await explainFile(await loadActionFile(what), await knowFleet(context, options), now)
          : await withService(context, options, async ({ service }) => {
              const { wire, view } = await service.action(what)
              const loaded: LoadedFile = { kind: 'action', file: actionFileFromWire(wire) }
              const fleet = { policy: await policyOf(service, now), agents: await service.agents() }
              return explainFile(loaded, fleet, now, view.cancelled)
            })
      if (options.json === true) return context.terminal.raw(`${inertJson(explained, 2)}\n`)
      for (const line of explanationLines(explained)) context.terminal.out(line)
    })
}
