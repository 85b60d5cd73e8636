import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeFlags, flagsTable, parseModuleFlags } from '../../modules/command-line.ts'
import { createEventReader } from '../../modules/event-reader.ts'
import { streamModule } from '../../modules/event-stream.ts'
import type { Host } from '../../modules/host/host.ts'
import type { ModuleDefinition, ModuleEvent, RunContext } from '../../modules/module.ts'
import { parseParameters } from '../../modules/parameters.ts'
import { problemCodes } from '../../modules/problem-codes.ts'
import { findModule } from '../../modules/registry.ts'
import { runModule } from '../../modules/run-module.ts'
import { endlessHost, hostileHost } from './hostile-host.ts'

export interface ContractCase {
  /** Parameters that look at as much as the module can. */
  readonly goodParameters: unknown
  /** Each must be refused with `bad-parameters`, or `bad-regex` where a pattern is at fault. */
  readonly badParameters: readonly unknown[]
  /** A machine on which `goodParameters` find something. */
  readonly host: Host
  /** A piece of what the module parses: noise is made around it. */
  readonly sampleText: string
  /** The fields of an element that may hold any text, because they show paths or names: `['file', 'search.paths']`. */
  readonly freeText?: readonly string[]
}

/** What every module must keep, whatever it looks at. Call it once in the test file of a module. */
export function moduleContract<P, E, S>(definition: ModuleDefinition<P, E, S>, given: ContractCase): void {
  describe(`the module contract of ${definition.name}`, () => {
    test('is in the registry under its own lower-case name', () => {
      expect(definition.name).toMatch(/^[a-z][a-z0-9]*$/)
      expect(findModule(definition.name)?.name).toBe(definition.name)
    })

    test.each([...given.badParameters, null, 7, [], { 'no such field': 1 }])('refuses %j', (parameters) => {
      expect(() => parseParameters(definition, parameters)).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^bad-(parameters|regex)$/),
          message: expect.stringContaining(definition.name),
        }),
      )
    })

    test('refuses unknown options and stray words', () => {
      const refused = expect.objectContaining({ code: 'usage' })
      expect(() => parseModuleFlags(definition, ['-no-such-option', 'x'])).toThrow(refused)
      expect(() => parseModuleFlags(definition, ['stray'])).toThrow(refused)
    })

    test('describes every option, once', () => {
      const flags = describeFlags(definition)
      expect(new Set(flags.map(({ flag }) => flag)).size).toBe(flags.length)
      expect(flags.filter(({ help }) => help === '')).toEqual([])
    })

    const readme = `modules/${definition.name}/README.md`
    test.skipIf(!existsSync(readme))('shows the table of its options in its README', () => {
      expect(readFileSync(readme, 'utf8')).toContain(flagsTable(definition))
    })

    test('finds something, yields only valid events, and only words of the question name groups', async () => {
      const { events, statistics } = await collect(definition, given.goodParameters, given.host)
      expect(events.some((event) => event.kind === 'finding' && event.found)).toBe(true)
      for (const event of events) expectValid(definition, event)
      expect(definition.statistics.parse(statistics)).toEqual(statistics)
      const run = await runModule(definition, given.goodParameters, contextOf(given.host))
      expect(run).toMatchObject({
        cutElements: 0,
        droppedEvents: 0,
        result: { success: true, foundanything: true },
      })
      expect(definition.render(run.result, { foundOnly: true }).length).toBeGreaterThan(0)
    })

    test('comes out of a child process as it does in this one', async () => {
      const direct = await runModule(definition, given.goodParameters, contextOf(given.host))
      const reader = createEventReader(definition, given.goodParameters, { maxMatches: 1000 })
      await streamModule(definition, given.goodParameters, contextOf(given.host), (line) => reader.push(line))
      const { statistics: _, ...streamed } = reader.finish().result
      expect(json(direct.result)).toMatchObject(json(streamed) as object)
    })

    test('leaves no room for unknown fields in its elements', async () => {
      const { events } = await collect(definition, given.goodParameters, given.host)
      const reader = createEventReader(definition, given.goodParameters, { maxMatches: 1000 })
      for (const event of events) {
        if (event.kind !== 'finding') continue
        const { found, group, element } = event
        reader.push(
          Buffer.from(`${JSON.stringify({ finding: { found, group, element: smuggle(element) } })}\n`),
        )
      }
      expect(JSON.stringify(reader.finish())).not.toContain('CANARY')
    })

    test('leaves no room for free text in its elements but in paths and names (T46)', async () => {
      const { events } = await collect(definition, given.goodParameters, given.host)
      const open = new Set<string>()
      for (const event of events) {
        if (event.kind !== 'finding') continue
        const { found, group, element } = event
        for (const [path, changed] of withCanaries(json(element), 'CANARY:$6$')) {
          const reader = createEventReader(definition, given.goodParameters, { maxMatches: 1000 })
          reader.push(Buffer.from(`${JSON.stringify({ finding: { found, group, element: changed } })}\n`))
          if (JSON.stringify(reader.finish()).includes('CANARY')) open.add(path)
        }
      }
      expect([...open].filter((path) => given.freeText?.includes(path) !== true)).toEqual([])
    })

    test('ends within a second of abort on a machine without end', async () => {
      const abort = new AbortController()
      let abortedAt = 0
      const timer = setTimeout(() => {
        abortedAt = performance.now()
        abort.abort()
      }, 100)
      const context = { ...contextOf(endlessHost(given.sampleText)), signal: abort.signal, maxMatches: 1e9 }
      const run = await runModule(definition, given.goodParameters, context, { maxOutputBytes: 1e9 })
      clearTimeout(timer)
      expect(abortedAt).toBeGreaterThan(0)
      expect(performance.now() - abortedAt).toBeLessThan(1000)
      expect(run.result).toMatchObject({ success: true, truncated: true })
      expect(run.result.statistics).not.toBeNull()
    }, 20_000)

    test('returns at once when it is aborted before it begins', async () => {
      const context = { ...contextOf(endlessHost(given.sampleText)), signal: AbortSignal.abort() }
      const startMs = performance.now()
      await runModule(definition, given.goodParameters, context)
      expect(performance.now() - startMs).toBeLessThan(1000)
    })

    test.each(Array.from({ length: 40 }, (_, seed) => seed))(
      'survives hostile names, noise and vanishing files (seed %d)',
      async (seed) => {
        const { events } = await collect(
          definition,
          given.goodParameters,
          hostileHost(seed, given.sampleText),
        )
        for (const event of events) expectValid(definition, event)
        const host = hostileHost(seed, given.sampleText)
        const { result, cause } = await runModule(definition, given.goodParameters, contextOf(host))
        expect(cause).toBeUndefined()
        expect(result.success).toBe(true)
        definition.render(result, { foundOnly: false })
      },
    )

    test('reaches the machine through its host only', () => {
      const directory = `modules/${definition.name}`
      for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts')) continue
        const source = readFileSync(`${directory}/${name}`, 'utf8')
        expect(source, name).not.toMatch(
          /from '(node:)?(fs|os|net|dns|dgram|tls|http|https|http2|child_process|worker_threads)/,
        )
        expect(source, name).not.toMatch(
          /\bimport\(|\brequire\(|\bprocess\.\w|\bfetch\(|\bDate\.now\(|\bconsole\./,
        )
      }
    })
  })
}

/** A context that is never aborted, at a fixed time. */
export function contextOf(host: Host): RunContext {
  return { host, signal: new AbortController().signal, now: 1_764_000_000_000, maxMatches: 1000 }
}

/** Everything that a module's generator yields and returns. */
export async function collect<P, E, S>(
  definition: ModuleDefinition<P, E, S>,
  parameters: unknown,
  host: Host,
): Promise<{ events: ModuleEvent<E>[]; statistics: S }> {
  const run = definition.run(parseParameters(definition, parameters), contextOf(host))
  const events: ModuleEvent<E>[] = []
  for (;;) {
    const step = await run.next()
    if (step.done === true) return { events, statistics: step.value }
    events.push(step.value)
  }
}

function expectValid<E>(
  definition: Pick<ModuleDefinition<unknown, E>, 'element'>,
  event: ModuleEvent<E>,
): void {
  if (event.kind === 'problem') {
    expect(problemCodes).toContain(event.code)
    expect(typeof event.about).toBe('string')
    return
  }
  // Exactly the schema's fields: nothing that the gate would strip, and nothing that JSON would lose.
  expect(json(definition.element.parse(json(event.element)))).toEqual(json(event.element))
}

function smuggle(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(smuggle)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, smuggle(inner)])
  return { ...Object.fromEntries(entries), smuggled: 'CANARY' }
}

/** Copies of a value, in each another string replaced, with the path of that string (without places in lists). */
function* withCanaries(value: unknown, canary: string): Generator<[path: string, changed: unknown]> {
  if (typeof value === 'string') yield ['', canary]
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const [path, changed] of withCanaries(inner, canary)) {
      const copy = structuredClone(value) as Record<string, unknown>
      copy[key] = changed
      yield [[...(Array.isArray(value) ? [] : [key]), path].filter((part) => part !== '').join('.'), copy]
    }
  }
}

function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
