import type { ModuleDefinition, ModuleResult } from '../../modules/module.ts'
import type { ResultView } from '../../node/roles/service.ts'
import { csvRow } from './csv.ts'

/** One thing that was found, and by whom. */
export interface Group {
  readonly module: string
  readonly element: string
  readonly agents: readonly string[]
}

/** The same finding of several agents as one group, the rarest first: what only one machine has is what to look at.
 *  When something was modified differs from machine to machine and does not tell groups apart. */
export function groupByElement(
  views: readonly ResultView[],
  findModule: (name: string) => ModuleDefinition | undefined,
): readonly Group[] {
  const groups = new Map<string, { module: string; element: string; agents: Set<string> }>()
  for (const view of views) {
    for (const [i, result] of (view.results ?? []).entries()) {
      const module = view.modules[i] ?? ''
      for (const line of findModule(module)?.render(result as ModuleResult, { foundOnly: true }) ?? []) {
        const element = line.replace(/\[lastmodified:[^,\]]*, /, '[')
        const key = `${module} ${element}`
        const group = groups.get(key) ?? { module, element, agents: new Set<string>() }
        group.agents.add(view.agent)
        groups.set(key, group)
      }
    }
  }
  return [...groups.values()]
    .map(({ module, element, agents }) => ({ module, element, agents: [...agents].sort() }))
    .sort((a, b) => a.agents.length - b.agents.length || (a.element < b.element ? -1 : 1))
}

const maxNames = 5

/** `1 of 6  web3  /root/.boto […]`. */
export function groupLines(groups: readonly Group[], answers: number): readonly string[] {
  return groups.map(({ agents, element }) => {
    const names = agents.slice(0, maxNames).join(', ')
    const more = agents.length > maxNames ? ` and ${agents.length - maxNames} more` : ''
    return `${agents.length} of ${answers}  ${names}${more}  ${element}`
  })
}

export function groupCsv(groups: readonly Group[]): string {
  const rows = groups.map(({ module, element, agents }) =>
    csvRow([agents.length, module, element, agents.join(' ')]),
  )
  return csvRow(['agents', 'module', 'element', 'names']) + rows.join('')
}
