import type { Command } from 'commander'
import { accountingLine } from '../../node/core/accounting.ts'
import { actionFileFromWire, actionFileObject } from '../ask/action-file.ts'
import { explainFile } from '../ask/explain-file.ts'
import { policyOf } from '../ask/policy.ts'
import type { CommandContext } from '../context.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import { explanationLines } from '../views/explanation.ts'
import { inertJson } from '../views/json.ts'

/** `mig action show ID`: one action and its account; with `--json` its file form. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<id>', 'the (beginning of an) id')
    .option('--json', 'the action file')
    .action(async (id: string, options: ServiceOptions & { readonly json?: true }) => {
      const { terminal, clock } = context
      await withService(context, options, async ({ service }) => {
        const { wire, view } = await service.action(id)
        const file = actionFileFromWire(wire)
        if (options.json === true) return terminal.raw(`${inertJson(actionFileObject(file), 2)}\n`)
        const policy = await policyOf(service, clock.now())
        const explained = await explainFile(
          { kind: 'action', file },
          { policy, agents: [] },
          clock.now(),
          view.cancelled,
        )
        const { expected: _, ...known } = explained
        for (const line of explanationLines(known)) terminal.out(line)
        terminal.out(accountingLine(await service.accounting(view.id)))
      })
    })
}
