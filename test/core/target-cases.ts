import { type AgentFacts, parseAgentRow } from '../../node/core/agent-facts.ts'
import type { Instant } from '../../node/core/clock.ts'
import { parseInstant } from '../../node/core/instant.ts'
import { addInterval, parseInterval } from '../../node/core/target-time.ts'
import mig from './mig-targets.json' with { type: 'json' }

/** When the roster of the MIG cases is looked at. */
export const now = parseInstant('2026-11-24T05:00:00Z') as Instant

/** Targets with the agents that MIG's PostgreSQL returned, or its error. */
export const migCases: readonly {
  readonly id: string
  readonly target: string
  readonly ids: number[] | string
}[] = mig.cases

/** The roster of the MIG cases; its times are written relative to `now`. */
export function migAgents(): AgentFacts[] {
  return mig.agents.map((row) =>
    parseAgentRow({ ...row, starttime: absolute(row.starttime), heartbeattime: absolute(row.heartbeattime) }),
  )
}

function absolute(time: string): string {
  const interval = parseInterval(time === 'now' ? '0' : time)
  if (interval === undefined) throw new Error(`'${time}' is no interval`)
  return new Date(addInterval(now, interval) ?? Number.NaN).toISOString()
}
