import type { Command } from 'commander'
import type { Instant } from '../../node/core/clock.ts'
import { parseInstant } from '../../node/core/instant.ts'
import type { ActionView } from '../../node/roles/service.ts'
import type { CommandContext } from '../context.ts'
import { addFormatOptions, type FormatFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, withService } from '../service-options.ts'
import { csvRow } from '../views/csv.ts'
import { inertJson } from '../views/json.ts'
import { tableLines } from '../views/table.ts'

/** `mig action list`: the actions that this node knows, the newest first. */
export function define(command: Command, context: CommandContext): void {
  addFormatOptions(addServiceOptions(command)).action(async (options: ServiceOptions & FormatFlags) => {
    const { terminal, clock } = context
    const actions = await withService(context, options, ({ service }) => service.actions())
    const format = formatOf(options)
    if (format === 'json') return terminal.raw(`${inertJson(actions, 2)}\n`)
    if (format === 'jsonl') return terminal.raw(actions.map((action) => `${inertJson(action)}\n`).join(''))
    const row = (action: ActionView) => [
      action.id.slice(0, 12),
      stateOf(action, clock.now()),
      action.issuedat,
      action.modules.join(' '),
      action.signers.join(', '),
      action.name,
    ]
    const head = ['id', 'state', 'issuedat', 'modules', 'signers', 'name']
    if (format === 'csv')
      return terminal.raw(
        [head, ...actions.map((action) => [action.id, ...row(action).slice(1)])].map(csvRow).join(''),
      )
    if (actions.length === 0) return terminal.say('no action is known here yet: mig <module> … asks one')
    for (const line of tableLines(head, actions.map(row))) terminal.out(line)
  })
}

export function stateOf(
  action: Pick<ActionView, 'cancelled' | 'expireafter' | 'validfrom'>,
  now: Instant,
): string {
  if (action.cancelled) return 'cancelled'
  if (now >= (parseInstant(action.expireafter) ?? 0)) return 'expired'
  return now < (parseInstant(action.validfrom) ?? 0) ? 'waiting' : 'open'
}
