import { z } from 'zod'
import type { Host } from '../host/host.ts'
import { problemOf } from '../host-problem.ts'
import type { Finding, ModuleDefinition, ModuleEvent, RunContext } from '../module.ts'
import { formatAddress } from '../netstat/address.ts'
import { readNetwork } from '../netstat/linux.ts'
import { createPause } from '../pause.ts'
import { readLines } from '../read-lines.ts'
import { type ExampleParameters, exampleOptions, exampleParameters, toParameters } from './options.ts'
import { parseHostsLine } from './parse-hosts.ts'
import { renderExample } from './render.ts'

// What one finding may say. The gate lets nothing else through, so leave no room for free text.
const element = z.object({
  hostname: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,255}$/)
    .optional(),
  address: z
    .string()
    .regex(/^[0-9a-f.:]{2,45}$/)
    .optional(),
})
type ExampleElement = z.infer<typeof element>

const statistics = z.object({ stufffound: z.int().min(0) })
type ExampleStatistics = z.infer<typeof statistics>

/** The template for writers of modules: three small questions, each answered in one of the ways that modules have. */
export const exampleModule: ModuleDefinition<ExampleParameters, ExampleElement, ExampleStatistics> = {
  name: 'example',
  summary: "tell the machine's name and addresses; a template for writing modules",
  sensitive: false,
  parameters: exampleParameters,
  element,
  statistics,
  commandLine: {
    options: exampleOptions,
    toParameters,
    examples: ['mig example -gethostname -getaddresses', 'mig example -lookuphost localhost'],
  },
  run,
  assemble,
  render: renderExample,
}

/** Yields what it sees as it sees it, and returns how much it did. */
async function* run(
  parameters: ExampleParameters,
  { host, signal }: RunContext,
): AsyncGenerator<ModuleEvent<ExampleElement>, ExampleStatistics> {
  let stufffound = 0
  if (parameters.gethostname === true) {
    const seen = element.safeParse({ hostname: host.hostname() })
    if (seen.success) {
      stufffound++
      yield { kind: 'finding', found: true, group: ['gethostname'], element: seen.data }
    } else {
      yield { kind: 'problem', code: 'corrupt-data', about: 'hostname' }
    }
  }
  if (parameters.getaddresses === true) {
    for await (const sight of readNetwork(host, new Set(['addresses']), false, signal)) {
      if (sight.kind === 'problem') yield sight
      if (sight.kind !== 'address' || isLoopback(formatAddress(sight.address))) continue
      stufffound++
      const address = formatAddress(sight.address)
      yield { kind: 'finding', found: true, group: ['getaddresses'], element: { address } }
    }
  }
  for await (const event of lookUp(parameters.lookuphost ?? [], host, signal)) {
    if (event.kind === 'finding' && event.found) stufffound++
    yield event
  }
  return { stufffound }
}

/** Modules open no network, so a name is looked up where the machine itself looks first. */
async function* lookUp(
  names: readonly string[],
  host: Host,
  signal: AbortSignal,
): AsyncGenerator<ModuleEvent<ExampleElement>> {
  if (names.length === 0) return
  const path = '/etc/hosts'
  const pause = createPause()
  const resolved = new Set<string>()
  try {
    for (const line of readLines(host, path)) {
      await pause()
      if (signal.aborted) return
      const entry = parseHostsLine(line)
      for (const name of names.filter((each) => entry?.names.includes(each.toLowerCase()))) {
        resolved.add(name)
        yield {
          kind: 'finding',
          found: true,
          group: ['lookuphost', name],
          element: { address: entry?.address },
        }
      }
    }
  } catch (error) {
    yield problemOf(error, path)
  }
  for (const name of names)
    if (!resolved.has(name)) yield { kind: 'problem', code: 'not-resolved', about: name }
}

/** MIG's elements: `{"hostname":"web1","addresses":["10.0.0.5"],"lookeduphost":{"localhost":["127.0.0.1"]}}`. */
function assemble(findings: readonly Finding<ExampleElement>[]): unknown {
  const inGroup = (...group: string[]) =>
    findings.filter((finding) => group.every((word, at) => finding.group[at] === word))
  const names = new Set(inGroup('lookuphost').map(({ group }) => group[1] ?? ''))
  const addressesOf = (all: readonly Finding<ExampleElement>[]) =>
    all.map((finding) => finding.element.address)
  return {
    hostname: inGroup('gethostname')[0]?.element.hostname,
    addresses: inGroup('getaddresses').length > 0 ? addressesOf(inGroup('getaddresses')) : undefined,
    lookeduphost:
      names.size > 0
        ? Object.fromEntries([...names].map((name) => [name, addressesOf(inGroup('lookuphost', name))]))
        : undefined,
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
