import type { Command } from 'commander'
import type { MemberView } from '../../node/roles/service.ts'
import type { CommandContext } from '../context.ts'
import { formatBytes } from '../fleet/reach-words.ts'
import { addFormatOptions, type FormatFlags, formatOf } from '../follow-options.ts'
import { addServiceOptions, type ServiceOptions, waitForRoster, withService } from '../service-options.ts'
import { shortAge } from '../views/ages.ts'
import { csvRow } from '../views/csv.ts'
import { inertJson } from '../views/json.ts'
import { tableLines } from '../views/table.ts'

/** `mig mesh peers`: whom this node is connected to, and how. */
export function define(command: Command, context: CommandContext): void {
  addFormatOptions(addServiceOptions(command)).action(async (options: ServiceOptions & FormatFlags) => {
    const { terminal } = context
    const members = await withService(context, options, async ({ service, isShared }) => {
      if (!isShared) await waitForRoster(context, service)
      return service.members()
    })
    const format = formatOf(options)
    if (format === 'json') return terminal.raw(`${inertJson(members, 2)}\n`)
    if (format === 'jsonl') return terminal.raw(members.map((member) => `${inertJson(member)}\n`).join(''))
    const isRelaying = members.some(({ carried }) => carried !== undefined)
    const head = [
      ...['name', 'role', 'how', 'direction', 'connected'],
      ...(isRelaying ? ['relayed for it'] : []),
      ...['address', 'peer'],
    ]
    const row = (member: MemberView) => [
      member.name ?? '?',
      member.role,
      member.relay === undefined ? member.how : `${member.how} through ${member.relay}`,
      member.direction,
      shortAge(member.connectedForMs),
      ...(isRelaying ? [carriedWords(member)] : []),
      member.address,
      member.peer,
    ]
    if (format === 'csv') return terminal.raw([head, ...members.map(row)].map(csvRow).join(''))
    if (members.length === 0) return terminal.say('no member is connected; mig doctor says why')
    for (const line of tableLines(head, members.map(row), 60)) terminal.out(line)
  })
}

function carriedWords({ carried }: MemberView): string {
  if (carried === undefined) return ''
  return `${carried.circuits} circuits, ${formatBytes(carried.sentBytes + carried.receivedBytes)}`
}
