import type { AgentFacts } from './agent-facts.ts'
import type { Instant } from './clock.ts'
import { checkTarget } from './target-check.ts'
import { evaluate } from './target-evaluate.ts'
import type { Expression } from './target-expression.ts'
import { parseWhere } from './target-parse.ts'

/** A target that has been parsed and type-checked: it can be evaluated on any agent and will not throw. */
export interface Target {
  /** As it was written and signed. */
  readonly text: string
  readonly expression: Expression
}

/** Reads a PostgreSQL boolean expression over one agent (protocol 3.3).
 *  @throws MigError `bad-target` with the zero-based offset into `text` of what is refused: syntax, unknown columns and
 *    functions, sub-queries, types that do not fit, bad patterns and times, size and depth */
export async function parseTarget(text: string): Promise<Target> {
  return { text, expression: checkTarget(await parseWhere(text), text) }
}

/** Three-valued: null is SQL's NULL, which does not match. */
export function evaluateTarget(target: Target, facts: AgentFacts, now: Instant): boolean | null {
  return evaluate(target.expression, facts, now) as boolean | null
}

/** The agent's own decision: it cannot know how the roster sees it, so it is targeted if it would be
 *  as an online or as an idle agent. Whatever `facts.status` says is not looked at.
 *  @see docs/protocol.md 3.3 */
export function matchesAgent(target: Target, facts: AgentFacts, now: Instant): boolean {
  return ['online', 'idle'].some((status) => evaluateTarget(target, { ...facts, status }, now) === true)
}

/** The dry run over a roster, as MIG counted it: online and idle rows, the latest heartbeat of each queueloc, then the target.
 *  @returns the agents that match, in the order of the roster */
export function selectAgents(target: Target, rows: readonly AgentFacts[], now: Instant): AgentFacts[] {
  const latest = new Map<string, AgentFacts>()
  for (const row of rows) {
    if (row.status !== 'online' && row.status !== 'idle') continue
    const other = latest.get(row.queueloc)
    if (other === undefined || row.heartbeattime > other.heartbeattime) latest.set(row.queueloc, row)
  }
  return rows.filter((row) => latest.get(row.queueloc) === row && evaluateTarget(target, row, now) === true)
}
