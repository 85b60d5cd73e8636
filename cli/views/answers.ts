import type { ModuleDefinition, ModuleResult } from '../../modules/module.ts'
import type { ResultView } from '../../node/roles/service.ts'
import { csvRow } from './csv.ts'

/** `found`: hits only; `notfound`: only what had none; `all`: both, with errors and statistics. */
export const shows = ['found', 'notfound', 'all'] as const
export type Show = (typeof shows)[number]

type FindModule = (name: string) => ModuleDefinition | undefined

/** MIG's lines of one module's result, without the agent's name. Raw: text from the endpoint is made inert by whoever prints it. */
export function moduleLines(
  definition: ModuleDefinition | undefined,
  result: ModuleResult,
  show: Show,
): readonly string[] {
  if (!result.success && show !== 'found')
    return (result.errors ?? ['failed']).map((error) => `error: ${error}`)
  if (definition === undefined) return []
  const found = definition.render(result, { foundOnly: true })
  if (show === 'found') return found
  const all = definition.render(result, { foundOnly: false })
  return show === 'all' ? all : without(all, found)
}

/** One line a finding, prefixed by the agent's name, as MIG prints them. */
export function answerLines(view: ResultView, show: Show, findModule: FindModule): readonly string[] {
  const lines: string[] = []
  for (const [i, result] of (view.results ?? []).entries()) {
    const definition = findModule(view.modules[i] ?? '')
    for (const line of moduleLines(definition, result as ModuleResult, show))
      lines.push(`${view.agent} ${line}`)
  }
  if (show === 'found') return lines
  if (view.outcome !== 'done' || show === 'all') lines.push(`${view.agent} ${outcomeLine(view)}`)
  return lines
}

/** `done`, `timed-out: stopped after 300 s`. */
export function outcomeLine(view: Pick<ResultView, 'outcome' | 'reason'>): string {
  return view.reason === undefined ? view.outcome : `${view.outcome}: ${view.reason}`
}

export const answerCsvHead = csvRow(['action', 'agent', 'peer', 'module', 'outcome', 'endedat', 'line'])

/** One record a line of `answerLines`; an answer without lines is one record all the same when everything is shown. */
export function answerCsv(view: ResultView, show: Show, findModule: FindModule): string {
  const head = [view.action, view.agent, view.peer]
  const rows: string[] = []
  for (const [i, result] of (view.results ?? []).entries()) {
    const module = view.modules[i] ?? ''
    for (const line of moduleLines(findModule(module), result as ModuleResult, show))
      rows.push(csvRow([...head, module, view.outcome, view.endedat, line]))
  }
  if (rows.length === 0 && show === 'all')
    rows.push(csvRow([...head, view.modules.join(' '), outcomeLine(view), view.endedat, '']))
  return rows.join('')
}

/** Does an answer belong into what is shown? */
export function isShown(view: ResultView, show: Show): boolean {
  const hits = (view.found ?? []).reduce((sum, count) => sum + count, 0)
  return show === 'all' || (show === 'found') === hits > 0
}

function without(lines: readonly string[], taken: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const line of taken) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const count = left.get(line) ?? 0
    if (count > 0) left.set(line, count - 1)
    return count === 0
  })
}
