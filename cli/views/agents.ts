import type { AgentFacts } from '../../node/core/agent-facts.ts'
import type { Json, JsonObject } from '../../node/core/canonical-json.ts'
import type { Instant } from '../../node/core/clock.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { shortAge } from './ages.ts'
import { csvRow } from './csv.ts'
import { tableLines } from './table.ts'

/** Name, liveness, mode, system, age of the last beat, tags: what fits a terminal. */
export function agentLines(rows: readonly AgentFacts[], now: Instant): readonly string[] {
  const head = ['name', 'status', 'mode', 'os', 'arch', 'version', 'last seen', 'tags']
  const body = rows.map((row) => [
    row.name,
    row.status,
    row.mode,
    text(row.environment.os),
    text(row.environment.arch),
    row.version,
    `${shortAge(now - row.heartbeattime)} ago`,
    tagsOf(row),
  ])
  return tableLines(head, body)
}

/** The columns of MIG's agent search. */
export function agentCsv(rows: readonly AgentFacts[]): string {
  const head = [
    'name',
    'id',
    'status',
    'version',
    'mode',
    'os',
    'arch',
    'pid',
    'starttime',
    'heartbeattime',
    'tags',
    'environment',
  ]
  const body = rows.map((row) => [
    row.name,
    row.id,
    row.status,
    row.version,
    row.mode,
    text(row.environment.os),
    text(row.environment.arch),
    row.pid,
    formatInstant(row.starttime),
    formatInstant(row.heartbeattime),
    JSON.stringify(row.tags),
    JSON.stringify(row.environment),
  ])
  return [head, ...body].map(csvRow).join('')
}

/** One row as it can be read again by `--from`. */
export function agentJson(row: AgentFacts): JsonObject {
  return {
    id: row.id,
    name: row.name,
    queueloc: row.queueloc,
    mode: row.mode,
    version: row.version,
    pid: row.pid,
    status: row.status,
    starttime: formatInstant(row.starttime),
    heartbeattime: formatInstant(row.heartbeattime),
    environment: row.environment,
    tags: row.tags,
  }
}

function tagsOf({ tags }: AgentFacts): string {
  return Object.entries(tags ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
