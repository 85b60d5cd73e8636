import type { Json } from '../../node/core/canonical-json.ts'
import { inertJson } from './json.ts'
import type { Weight } from './weights.ts'

/** Everything that is said of an action before anybody runs it. */
export interface ExplainedAction {
  /** Absent for a draft. */
  readonly id?: string
  readonly name: string
  readonly target: string
  readonly operations: readonly {
    readonly module: string
    readonly parameters: Json
    readonly summary: string
  }[]
  readonly window?: { readonly validfrom: string; readonly expireafter: string; readonly state: string }
  readonly signers: readonly string[]
  /** Signatures that do not count, and why. */
  readonly faults: readonly string[]
  readonly weights: readonly Weight[]
  readonly readers: readonly string[]
  readonly only?: number
  /** Names; undefined where no node could be asked. */
  readonly expected?: readonly string[]
  /** What reading the file changed. */
  readonly changes: readonly string[]
}

const maxNames = 12

/** In plain words, without a word that needs the protocol. */
export function explanationLines(action: ExplainedAction): readonly string[] {
  const lines = [action.name, `id: ${action.id ?? 'none yet: a draft'}`]
  for (const change of action.changes) lines.push(`changed: ${change}`)
  lines.push(`target: ${action.target}`)
  if (action.only !== undefined) lines.push(`of these only ${action.only} that an earlier action chose`)
  if (action.expected !== undefined) lines.push(expectedLine(action.expected))
  if (action.window !== undefined)
    lines.push(`open: ${action.window.validfrom} to ${action.window.expireafter} (${action.window.state})`)
  for (const [i, { module, parameters, summary }] of action.operations.entries()) {
    lines.push(`operation ${i + 1}: ${module} (${summary})`)
    for (const line of inertJson(parameters, 2).split('\n')) lines.push(`    ${line}`)
  }
  lines.push(`signed by: ${action.signers.length === 0 ? 'nobody yet' : action.signers.join(', ')}`)
  for (const fault of action.faults) lines.push(`a signature does not count: ${fault}`)
  for (const { words } of action.weights) lines.push(words)
  if (action.readers.length > 0) lines.push(`answers can be read by: ${action.readers.join(', ')}`)
  return lines
}

function expectedLine(names: readonly string[]): string {
  if (names.length === 0) return 'expected now: nobody'
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : ''
  return `expected now: ${names.length}: ${names.slice(0, maxNames).join(', ')}${more}`
}
