import type { ModuleResult } from '../module.ts'
import { type NetstatElement, netstatElements, netstatStatistics } from './element.ts'
import { type NetstatCheck, netstatChecks } from './options.ts'

/** MIG's lines (reference/mig.md 5.3). */
export function renderNetstat(
  result: ModuleResult,
  { foundOnly }: { readonly foundOnly: boolean },
): readonly string[] {
  const elements = netstatElements.safeParse(result.elements ?? {}).data ?? {}
  const lines: string[] = []
  for (const check of netstatChecks) {
    for (const [query, seen] of Object.entries(elements[check] ?? {})) {
      if (seen !== null) lines.push(...seen.map((element) => foundLine(check, query, element)))
      else if (!foundOnly) lines.push(`did not find anything for netstat ${check}:'${query}'`)
    }
  }
  if (foundOnly) return lines
  lines.push(...(result.errors ?? []).map((error) => `error: ${error}`))
  const statistics = netstatStatistics.safeParse(result.statistics).data
  if (statistics !== undefined) {
    const { totalhits, examined, exectime } = statistics
    lines.push(`Statistics: total hits ${totalhits} examined ${examined} items exectime ${exectime}`)
  }
  return lines
}

function foundLine(check: NetstatCheck, query: string, element: NetstatElement): string {
  const { namespace = 'default' } = element
  const where = namespace === 'default' ? '' : ` namespace:[${namespace}]`
  return `${sentence(check, query, element)}${where}`
}

function sentence(check: NetstatCheck, query: string, element: NetstatElement): string {
  const { localmacaddr, remotemacaddr, localaddr, localport, remoteaddr, remoteport } = element
  switch (check) {
    case 'localmac':
      return `found local mac ${localmacaddr} for netstat localmac:'${query}'`
    case 'neighbormac':
      return `found neighbor mac ${remotemacaddr} ${remoteaddr} for netstat neighbormac:'${query}'`
    case 'neighborip':
      return `found neighbor IP ${remoteaddr} ${remotemacaddr} for netstat neighborIP:'${query}'`
    case 'localip':
      return `found local ip ${localaddr} for netstat localip:'${query}'`
    case 'connectedip':
      return `found connected tuple ${remoteaddr}:${remoteport} with local tuple ${localaddr}:${localport} for netstat connectedip:'${query}'`
    case 'listeningport':
      return `found listening port ${localport} for netstat listeningport:'${query}'`
  }
}
