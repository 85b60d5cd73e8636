import type { Command } from 'commander'
import { exitCodeOf } from '../../node/core/accounting.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { addFormatOptions, type FormatFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import { accountCsv, accountLines } from '../views/account.ts'
import { inertJson } from '../views/json.ts'

/** `mig accounting ID`: who answered, failed, refused and is silent, by name and with the reason. */
export function define(command: Command, context: CommandContext): void {
  addFormatOptions(addServiceOptions(command))
    .argument('<id>', 'the (beginning of an) id')
    .action(async (id: string, options: ServiceOptions & FormatFlags) => {
      const { terminal } = context
      const accounting = await withService(context, options, async ({ service }) => {
        const { view } = await service.action(id)
        return service.accounting(view.id)
      })
      const format = formatOf(options)
      if (format === 'csv') terminal.raw(accountCsv(accounting))
      else if (format !== undefined)
        terminal.raw(`${inertJson(accounting, format === 'json' ? 2 : undefined)}\n`)
      else for (const line of accountLines(accounting)) terminal.out(line)
      const code = exitCodeOf(accounting)
      if (code !== 0) throw new Exit(code)
    })
}
