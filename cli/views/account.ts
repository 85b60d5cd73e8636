import { type Accounting, accountingLine, type Line } from '../../node/core/accounting.ts'
import type { Tally } from '../../node/roles/action-updates.ts'
import { clockWords } from '../../node/roles/clock-difference.ts'
import { csvRow } from './csv.ts'

const groups = ['answered', 'failed', 'refused', 'silent', 'unexpected'] as const

/** Everybody by name, each group under its heading, and the account line last. */
export function accountLines(accounting: Accounting): readonly string[] {
  const lines: string[] = []
  for (const group of groups) {
    const members = accounting[group]
    if (members.length === 0) continue
    lines.push(`${group === 'unexpected' ? 'not expected' : group} (${members.length})`)
    for (const line of members)
      lines.push(`  ${line.name}  ${line.found && line.contradicted !== true ? 'found' : line.note}`)
  }
  lines.push(accountingLine(accounting))
  return lines
}

/** Why agents refused or failed: one line a reason, with the names. */
export function reasonLines(accounting: Accounting): readonly string[] {
  const byReason = new Map<string, string[]>()
  for (const line of [...accounting.refused, ...accounting.failed]) {
    const names = byReason.get(line.note) ?? []
    names.push(line.name)
    byReason.set(line.note, names)
  }
  return [...byReason].map(([reason, names]) => `${names.join(', ')}: ${reason}`)
}

/** Silent agents whose clock may be why. */
export function clockLines({ silent }: Accounting): readonly string[] {
  return silent.flatMap(({ name, clockAheadMinutes }) =>
    clockAheadMinutes === undefined
      ? []
      : [
          `${name}: its clock was ${clockWords(clockAheadMinutes)} when last met, so it may not take the question (mig doctor there)`,
        ],
  )
}

export function accountCsv(accounting: Accounting): string {
  const row = (group: string) => (line: Line) => csvRow([line.name, line.peer, group, line.found, line.note])
  const rows = groups.flatMap((group) => accounting[group].map(row(group)))
  return csvRow(['agent', 'peer', 'group', 'found', 'note']) + rows.join('')
}

/** `5/12 answered (2 found), 1 refused, 3.1/s, 4s`. */
export function progressLine(tally: Tally, elapsedMs: number): string {
  const { answered, failed, refused, expected, found } = tally
  const seconds = elapsedMs / 1000
  const ended = answered + failed + refused
  const rate = seconds > 0 ? (ended / seconds).toFixed(1) : '0'
  const parts = [`${ended}/${expected} answered (${found} found)`]
  if (failed > 0) parts.push(`${failed} failed`)
  if (refused > 0) parts.push(`${refused} refused`)
  return `${parts.join(', ')}, ${rate}/s, ${Math.round(seconds)}s`
}
