import { z } from 'zod'
import type { Json, JsonObject } from './canonical-json.ts'
import type { Instant } from './clock.ts'
import { MigError } from './error.ts'
import { maxDepthOutside } from './limits.ts'
import { describeIssue } from './schema.ts'
import { parseTimestamp } from './target-time.ts'

/** The row that targets are evaluated against: what is known of one agent (protocol 3.3). */
export interface AgentFacts {
  /** The peer id; MIG's numeric id in rosters exported from MIG. */
  readonly id: string
  readonly name: string
  /** `<os>.<id>`. */
  readonly queueloc: string
  readonly mode: string
  readonly version: string
  readonly pid: number
  /** `online` (heard within 15 minutes), `idle` (within 24 hours), else `offline`. */
  readonly status: string
  readonly starttime: Instant
  /** The last beat. */
  readonly heartbeattime: Instant
  /** Self-reported. */
  readonly environment: JsonObject
  /** From the certificate; null prints as JSON null, as MIG stored an agent without tags. */
  readonly tags: Readonly<Record<string, string>> | null
}

/** MIG's columns are varchar(2048). */
const column = z.string().max(2048)

const timeField = z.string().transform((text, context): Instant => {
  const instant = parseTimestamp(text)
  if (instant !== undefined) return instant
  context.addIssue({ code: 'custom', message: 'expected a time such as 2026-11-24T05:00:00Z' })
  return z.NEVER
})

const rowSchema = z.object({
  id: z.union([column, z.int().transform(String)]),
  name: column,
  queueloc: column,
  mode: column,
  version: column,
  pid: z.int(),
  status: column,
  starttime: timeField,
  heartbeattime: timeField,
  environment: z.custom<JsonObject>(isShallowObject, 'expected a JSON object of bounded depth'),
  tags: z
    .record(z.string(), z.string())
    .nullish()
    .transform((tags) => tags ?? null),
})

/** One row of an exported roster, as JSON.parse gave it. Unknown columns are dropped.
 *  @throws MigError `bad-input` naming the column */
export function parseAgentRow(json: unknown): AgentFacts {
  const parsed = rowSchema.safeParse(json)
  if (!parsed.success) throw new MigError('bad-input', `agent row: ${describeIssue(parsed.error)}`)
  return parsed.data
}

function isShallowObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    nestsWithin(value as Json, maxDepthOutside)
  )
}

function nestsWithin(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((item) => nestsWithin(item as Json, depth - 1))
}
