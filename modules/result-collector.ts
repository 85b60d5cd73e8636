import { z } from 'zod'
import {
  defaultOutputBytes,
  eventOverheadBytes,
  maxAboutChars,
  maxDroppedEvents,
  maxProblemChars,
  maxProblems,
} from '../node/core/limits.ts'
import { isBounded, wordsOf } from './bounded-json.ts'
import { createEchoCheck } from './echo-check.ts'
import type { Finding, ModuleDefinition, ModuleResult } from './module.ts'
import { problemCodes } from './problem-codes.ts'

export interface ResultLimits {
  /** Findings with `found: true` that are kept. */
  readonly maxMatches: number
  /** Bytes of all elements as JSON. */
  readonly maxOutputBytes?: number
}

/** What a run came to, on either side of the process boundary. */
export interface ModuleRun<E = unknown> {
  readonly result: ModuleResult
  /** What `result.elements` was assembled from. */
  readonly findings: readonly Finding<E>[]
  /** Findings whose element did not fit the module's schema, and were left out. */
  readonly cutElements: number
  /** Events that were none, or came after the end. */
  readonly droppedEvents: number
  /** What a module threw that is no MigError: for the log of this machine only, its text may quote data. */
  readonly cause?: unknown
}

/** `full`: a limit is reached, this and any further finding is left out. */
export type Verdict = 'kept' | 'dropped' | 'full'

export interface ResultCollector<E> {
  finding(event: unknown): Verdict
  problem(event: unknown): Verdict
  drop(): void
  /** The run came to its end, by itself or because it was told to. */
  finish(statistics: unknown, truncated: boolean): ModuleRun<E>
  /** The run broke: no elements, one error. */
  fail(error: string, cause?: unknown): ModuleRun<E>
  /** The run was cut off, by a kill for example: what came before is kept and the result is no success. */
  cutOff(error: string): ModuleRun<E>
}

const findingShape = z.object({ found: z.boolean(), group: z.array(z.string()).max(8), element: z.unknown() })
const problemShape = z.object({ code: z.enum(problemCodes), about: z.string().max(maxAboutChars) })

/** Builds MIG's five fields out of events, trusting none: an element must fit its schema (unknown fields are stripped), a
 *  group and the fields marked `echo` may only repeat words of the question, a problem is a code and a path, and everything is bounded (protocol 8). */
export function createResultCollector<P, E, S>(
  definition: ModuleDefinition<P, E, S>,
  parameters: unknown,
  limits: ResultLimits,
): ResultCollector<E> {
  const words = wordsOf([parameters, definition.parameters.safeParse(parameters).data])
  const echoes = createEchoCheck(definition.element)
  const findings: Finding<E>[] = []
  const problems: string[] = []
  let moreProblems = 0
  let matches = 0
  let bytesLeft = limits.maxOutputBytes ?? defaultOutputBytes
  let cutElements = 0
  let droppedEvents = 0
  let isFull = false
  let isLimited = false

  function finding(event: unknown): Verdict {
    const shape = findingShape.safeParse(event)
    if (!shape.success) return drop()
    const { found, group } = shape.data
    const element = definition.element.safeParse(shape.data.element)
    const isHonest =
      element.success &&
      isBounded(element.data) &&
      group.every((word) => words.has(word)) &&
      echoes(element.data, words)
    if (!isHonest) {
      cutElements++
      return cutElements > maxDroppedEvents ? 'full' : 'dropped'
    }
    const sizeBytes = Buffer.byteLength(JSON.stringify([group, element.data])) + eventOverheadBytes
    if (isFull || sizeBytes > bytesLeft || (found && matches >= limits.maxMatches)) {
      isFull = true
      return 'full'
    }
    bytesLeft -= sizeBytes
    if (found) matches++
    findings.push({ kind: 'finding', found, group, element: element.data })
    return 'kept'
  }

  function problem(event: unknown): Verdict {
    const shape = problemShape.safeParse(event)
    if (!shape.success || !isBounded(shape.data.about)) return drop()
    if (shape.data.code === 'limit-reached') isLimited = true
    if (problems.length >= maxProblems) {
      moreProblems++
      return 'dropped'
    }
    problems.push(cutText(`${shape.data.code}: ${shape.data.about}`))
    return 'kept'
  }

  function drop(): 'dropped' {
    droppedEvents++
    return 'dropped'
  }

  function errors(): string[] {
    const texts = [...problems]
    if (moreProblems > 0) texts.push(`${moreProblems} errors were not returned (max errors = ${maxProblems})`)
    if (cutElements > 0) texts.push(`${cutElements} elements did not fit the module's schema and were cut`)
    return texts
  }

  function close(
    success: boolean,
    elements: unknown,
    statistics: unknown,
    texts: readonly string[],
    truncated: boolean,
  ): ModuleResult {
    return {
      foundanything: success || elements !== null ? matches > 0 : false,
      success,
      elements,
      statistics,
      errors: texts.length === 0 ? null : texts,
      ...(truncated ? { truncated: true } : {}),
    }
  }

  return {
    finding,
    problem,
    drop,
    finish(statistics, truncated) {
      const parsed = definition.statistics.safeParse(statistics)
      const kept = parsed.success && isBounded(parsed.data) ? parsed.data : null
      const result = close(
        true,
        definition.assemble(findings),
        kept,
        errors(),
        truncated || isFull || isLimited,
      )
      return { result, findings, cutElements, droppedEvents }
    },
    fail(error, cause) {
      const result = close(false, null, null, [cutText(error)], false)
      return { result, findings: [], cutElements, droppedEvents, cause }
    },
    cutOff(error) {
      const result = close(false, definition.assemble(findings), null, [...errors(), cutText(error)], true)
      return { result, findings, cutElements, droppedEvents }
    },
  }
}

function cutText(text: string): string {
  return text.length <= maxProblemChars ? text : `${text.slice(0, maxProblemChars - 1).toWellFormed()}…`
}
