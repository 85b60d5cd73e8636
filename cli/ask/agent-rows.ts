import { type AgentFacts, parseAgentRow } from '../../node/core/agent-facts.ts'
import type { Json, JsonObject } from '../../node/core/canonical-json.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import { parseGoDuration } from '../../node/core/go-duration.ts'
import { maxRosterFileBytes } from '../../node/core/limits.ts'
import { parseTimestamp } from '../../node/core/target-time.ts'
import { readGivenFile } from './read-file.ts'

/** Rows of an exported roster: a JSON array, or `{agents, commands}` of MIG's API.
 *  @throws MigError `bad-input` naming the row */
export async function readRosterFile(path: string): Promise<readonly AgentFacts[]> {
  let json: Json
  try {
    json = JSON.parse(await readGivenFile(path, maxRosterFileBytes)) as Json
  } catch (error) {
    if (error instanceof MigError) throw error
    throw new MigError('bad-json', `${path}: ${messageOf(error)}`, { cause: error })
  }
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  const rows = isObject ? (json as JsonObject).agents : json
  if (!Array.isArray(rows))
    throw new MigError('bad-input', `${path}: expected a JSON array of agent rows, or {"agents": […]}`)
  return rows.map((row: Json, i) => {
    try {
      return parseAgentRow(row)
    } catch (error) {
      throw new MigError('bad-input', `${path}, row ${i}: ${messageOf(error)}`, { cause: error })
    }
  })
}

/** MIG's agent search: `name=web* and status=online`; `%` and `*` stand for anything. Keys: agentid, agentname, name, agentversion,
 *  status, before, after (of the last beat), limit.
 *  @throws MigError `usage` */
export function parseAgentSearch(text: string): {
  readonly matches: (row: AgentFacts) => boolean
  readonly limit: number
} {
  const tests: ((row: AgentFacts) => boolean)[] = []
  let limit = 100
  for (const term of text.split(/\s+and\s+/i)) {
    const [, key = '', value = ''] = /^([a-z]+)=(\S+)$/.exec(term.trim()) ?? []
    switch (key) {
      case 'name':
      case 'agentname':
        tests.push((row) => like(row.name, value))
        break
      case 'agentid':
        tests.push((row) => like(row.id, value))
        break
      case 'agentversion':
        tests.push((row) => like(row.version, value))
        break
      case 'status':
        tests.push((row) => like(row.status, value))
        break
      case 'before':
      case 'after': {
        const at = parseTimestamp(value)
        if (at === undefined)
          throw usage(`${key}: expected a time such as 2026-11-24T05:00:00Z, got ${value}`)
        tests.push((row) => (key === 'before' ? row.heartbeattime <= at : row.heartbeattime >= at))
        break
      }
      case 'limit':
        limit = Number(value)
        if (!Number.isInteger(limit) || limit < 1)
          throw usage(`limit: expected a positive number, got ${value}`)
        break
      default:
        throw usage(`cannot read ${JSON.stringify(term.slice(0, 80))}`)
    }
  }
  return { matches: (row) => tests.every((test) => test(row)), limit }
}

/** The age of a last beat that counts as silence. */
export function parseSilence(text: string): number {
  const ms = parseGoDuration(text)
  if (ms > 0) return ms
  throw usage(`--silent: expected a positive duration, got ${text}`)
}

/** Greedy, with one step back: linear in the text for each wildcard. */
function like(text: string, pattern: string): boolean {
  const parts = pattern.split(/[%*]+/)
  const [head = ''] = parts
  if (parts.length === 1) return text === pattern
  const tail = parts.at(-1) ?? ''
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false
  let at = head.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= text.length - tail.length
}

function usage(sentence: string): MigError {
  return new MigError('usage', sentence, {
    hint: '-p "name=web* and status=online"; keys: agentid, agentname, agentversion, status, before, after, limit',
  })
}
