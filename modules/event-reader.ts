import { z } from 'zod'
import { utf8Decode } from '../node/core/encoding.ts'
import { defaultOutputBytes, maxDroppedEvents, maxEventLineBytes } from '../node/core/limits.ts'
import { failureCodes } from './event-stream.ts'
import type { ModuleDefinition } from './module.ts'
import { createResultCollector, type ModuleRun, type ResultLimits, type Verdict } from './result-collector.ts'

export interface EventLimits extends ResultLimits {
  readonly maxEventLineBytes?: number
}

/** Why the gate should kill the child: it will get nothing more accepted. */
export type Overrun = 'line-too-long' | 'too-many-bytes' | 'result-full' | 'too-much-rubbish'

/** The gate's side of a module child's stream. The child may be in an attacker's hands. */
export interface EventReader<E = unknown> {
  /** Takes bytes as they come. Never throws. */
  push(chunk: Uint8Array): void
  /** Set once a limit is passed. From then on nothing is read. */
  readonly overrun: Overrun | undefined
  /** Has the child said `end`? */
  readonly ended: boolean
  /** The result, when the child has ended or was killed.
   *  @param reason why it was stopped before its `end`, in our own words: `killed after 300 s` */
  finish(reason?: string): ModuleRun<E>
}

const endShape = z.object({
  statistics: z.unknown(),
  truncated: z.boolean(),
  failure: z.enum(failureCodes).optional(),
})
type End = z.infer<typeof endShape>

/** Reads the stream that `streamModule` writes. Unknown lines and fields are dropped and counted, elements are cut to their
 *  schema (see `createResultCollector`): no text of the child's own making gets through.
 *  @param parameters of the operation: a group may only repeat words of them */
export function createEventReader<P, E, S>(
  definition: ModuleDefinition<P, E, S>,
  parameters: unknown,
  limits: EventLimits,
): EventReader<E> {
  const collector = createResultCollector(definition, parameters, limits)
  const maxLine = limits.maxEventLineBytes ?? maxEventLineBytes
  // An element and the line around it cost at most twice what the collector counts for it, problems and the end fit the rest.
  let bytesLeft = 2 * (limits.maxOutputBytes ?? defaultOutputBytes) + 4 * maxLine
  let partial: Uint8Array[] = []
  let partialBytes = 0
  let dropped = 0
  let overrun: Overrun | undefined
  let end: End | undefined

  function push(chunk: Uint8Array): void {
    let start = 0
    while (overrun === undefined && start < chunk.length) {
      const newline = chunk.indexOf(10, start)
      const piece = chunk.subarray(start, newline < 0 ? chunk.length : newline)
      bytesLeft -= piece.length + 1
      if (bytesLeft < 0 || partialBytes + piece.length > maxLine) {
        stop(bytesLeft < 0 ? 'too-many-bytes' : 'line-too-long')
        return
      }
      // A copy: the caller may reuse its chunk. Buffer's own slice() is none.
      partial.push(new Uint8Array(piece))
      partialBytes += piece.length
      if (newline < 0) return
      const line = Buffer.concat(partial)
      partial = []
      partialBytes = 0
      readLine(line)
      start = newline + 1
    }
  }

  function readLine(line: Uint8Array): void {
    const [kind, body] = (end === undefined ? parseLine(line) : undefined) ?? ['none', undefined]
    switch (kind) {
      case 'finding':
        note(collector.finding(body))
        break
      case 'problem':
        note(collector.problem(body))
        break
      case 'end':
        end = endShape.safeParse(body).data
        if (end === undefined) drop()
        break
      case 'none':
        drop()
    }
  }

  function note(verdict: Verdict): void {
    if (verdict === 'full') stop('result-full')
    if (verdict === 'dropped') countRubbish()
  }

  function drop(): void {
    collector.drop()
    countRubbish()
  }

  function countRubbish(): void {
    if (++dropped > maxDroppedEvents) stop('too-much-rubbish')
  }

  function stop(why: Overrun): void {
    overrun = why
    partial = []
  }

  function finish(reason?: string): ModuleRun<E> {
    if (end?.failure !== undefined) return collector.fail(`module ${definition.name} failed: ${end.failure}`)
    if (end !== undefined) return collector.finish(end.statistics, end.truncated || overrun !== undefined)
    if (overrun === 'result-full') return collector.finish(null, true)
    return collector.cutOff(reason ?? overrun ?? `module ${definition.name} ended without a result`)
  }

  return {
    push,
    finish,
    get overrun() {
      return overrun
    },
    get ended() {
      return end !== undefined
    },
  }
}

/** `{"finding":…}` → `['finding', …]`: an object with one known key, or nothing. */
function parseLine(line: Uint8Array): readonly ['finding' | 'problem' | 'end', unknown] | undefined {
  const text = utf8Decode(line)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(value)
  const [kind, body] = entries[0] ?? []
  if (entries.length !== 1) return undefined
  return kind === 'finding' || kind === 'problem' || kind === 'end' ? [kind, body] : undefined
}
