import { formatGoDuration } from '../../node/core/go-duration.ts'
import type { Finding, ModuleDefinition, ModuleEvent, RunContext } from '../module.ts'
import { type NetstatElement, type NetstatStatistics, netstatElement, netstatStatistics } from './element.ts'
import { readNetwork } from './linux.ts'
import { createMatcher } from './match.ts'
import {
  type NetstatCheck,
  type NetstatParameters,
  netstatChecks,
  netstatOptions,
  netstatParameters,
  toParameters,
} from './options.ts'
import { renderNetstat } from './render.ts'
import type { Source } from './sight.ts'

/** Who is this machine connected to, what does it listen on, which addresses does it have and see. */
export const netstatModule: ModuleDefinition<NetstatParameters, NetstatElement, NetstatStatistics> = {
  name: 'netstat',
  summary: 'find addresses, connections, listening ports and neighbours',
  sensitive: false,
  parameters: netstatParameters,
  element: netstatElement,
  statistics: netstatStatistics,
  commandLine: {
    options: netstatOptions,
    toParameters,
    examples: [
      'mig netstat -ci 13.37.66.66 -ci 10.0.0.0/8',
      'mig netstat -lp 22 -lp 2222',
      'mig netstat -lm "^8c:70:5a"',
    ],
  },
  run,
  assemble,
  render: renderNetstat,
}

const sourceOf: Readonly<Record<NetstatCheck, Source>> = {
  localmac: 'interfaces',
  neighbormac: 'neighbors',
  neighborip: 'neighbors',
  localip: 'addresses',
  connectedip: 'sockets',
  listeningport: 'sockets',
}

async function* run(
  parameters: NetstatParameters,
  { host, signal }: RunContext,
): AsyncGenerator<ModuleEvent<NetstatElement>, NetstatStatistics> {
  const startMs = performance.now()
  const match = createMatcher(parameters)
  const checks = netstatChecks.filter((check) => parameters[check] !== undefined)
  const wanted = new Set(checks.map((check) => sourceOf[check]))
  const unseen = new Set<Source>()
  const answered = new Set<string>()
  let examined = 0
  let totalhits = 0

  for await (const sight of readNetwork(host, wanted, parameters.namespaces === true, signal)) {
    if (sight.kind === 'problem') yield sight
    else if (sight.kind === 'unseen') unseen.add(sight.source)
    else {
      examined++
      for (const finding of match(sight)) {
        answered.add(finding.group.join(' '))
        totalhits++
        yield finding
      }
    }
  }
  // "Nothing" is said only of what was looked at to its end.
  for (const check of signal.aborted ? [] : checks.filter((each) => !unseen.has(sourceOf[each]))) {
    for (const query of new Set(parameters[check])) {
      if (!answered.has(`${check} ${query}`))
        yield { kind: 'finding', found: false, group: [check, query], element: {} }
    }
  }
  return { examined, exectime: formatGoDuration(performance.now() - startMs), totalhits }
}

/** `{"connectedip":{"10.0.0.0/8":[…],"13.37.66.66":null}}`. */
function assemble(all: readonly Finding<NetstatElement>[]): unknown {
  const maps = new Map<string, Map<string, NetstatElement[] | null>>()
  for (const { found, group, element } of all) {
    const [check = '', query = ''] = group
    const map = maps.get(check) ?? new Map<string, NetstatElement[] | null>()
    maps.set(check, map)
    const seen = map.get(query) ?? null
    if (seen === null) map.set(query, found ? [element] : null)
    else if (found) seen.push(element)
  }
  return Object.fromEntries([...maps].map(([check, map]) => [check, Object.fromEntries(map)]))
}
