import { utf8 } from '../node/core/encoding.ts'
import { type ErrorCode, MigError } from '../node/core/error.ts'
import {
  defaultOutputBytes,
  eventOverheadBytes,
  maxAboutChars,
  maxEventLineBytes,
} from '../node/core/limits.ts'
import { driveModule } from './drive-module.ts'
import type { ModuleDefinition, ModuleEvent, RunContext } from './module.ts'
import { parseParameters } from './parameters.ts'
import type { ResultLimits } from './result-collector.ts'

/** What a module child may say of its own breakdown: a code, never a sentence, because sentences quote data. */
export const failureCodes = [
  'bad-parameters',
  'bad-regex',
  'unsupported',
  'internal',
] as const satisfies readonly ErrorCode[]
export type FailureCode = (typeof failureCodes)[number]

type Write = (line: Uint8Array) => Promise<void> | void

/** The child's side: runs a module and writes its events as JSON Lines, at last one `end`.
 *  `{"finding":{found,group,element}}` · `{"problem":{code,about}}` · `{"end":{statistics,truncated,failure?}}`
 *  @param write gets one whole line a call; the module waits until its promise resolves. Its rejection ends the run. */
export async function streamModule<P, E, S>(
  definition: ModuleDefinition<P, E, S>,
  parameters: unknown,
  context: RunContext,
  write: Write,
  limits: Omit<ResultLimits, 'maxMatches'> = {},
): Promise<void> {
  let matches = 0
  let bytesLeft = limits.maxOutputBytes ?? defaultOutputBytes
  async function take(event: ModuleEvent<E>): Promise<'go-on' | 'full'> {
    const line = lineOf(eventBody(event))
    // Never less than what the gate will count, so that the gate has no reason to kill and the statistics get through.
    if (event.kind === 'finding') bytesLeft -= line.length + eventOverheadBytes
    if (event.kind === 'finding' && event.found) matches++
    if (matches > context.maxMatches || bytesLeft < 0) return 'full'
    await write(line)
    return 'go-on'
  }
  let parsed: P
  try {
    parsed = parseParameters(definition, parameters)
  } catch (error) {
    return await writeEnd(write, null, false, error)
  }
  let end: { statistics: S | undefined; stopped: boolean }
  try {
    end = await driveModule(definition, parsed, context, take)
  } catch (error) {
    return await writeEnd(write, null, false, error)
  }
  await writeEnd(write, end.statistics ?? null, end.stopped)
}

function eventBody(event: ModuleEvent<unknown>): object {
  if (event.kind === 'problem') {
    return { problem: { code: event.code, about: event.about.slice(0, maxAboutChars).toWellFormed() } }
  }
  const { found, group, element } = event
  return { finding: { found, group, element } }
}

async function writeEnd(
  write: Write,
  statistics: unknown,
  truncated: boolean,
  error?: unknown,
): Promise<void> {
  const failure = error === undefined ? {} : { failure: failureCodeOf(error) }
  await write(lineOf({ end: { statistics, truncated, ...failure } }))
}

function lineOf(body: object): Uint8Array {
  const line = utf8(`${JSON.stringify(body)}\n`)
  if (line.length <= maxEventLineBytes) return line
  // The gate would stop reading there; said as a problem it is at least counted.
  return utf8(`${JSON.stringify({ problem: { code: 'too-large', about: 'one finding' } })}\n`)
}

function failureCodeOf(error: unknown): FailureCode {
  const code = error instanceof MigError ? error.code : 'internal'
  return failureCodes.find((known) => known === code) ?? 'internal'
}
