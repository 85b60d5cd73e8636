import { z } from 'zod'
import type { ModuleResult } from '../module.ts'

// A result comes from another machine: parse it, do not trust its shape.
const elements = z.object({
  hostname: z.string().optional(),
  addresses: z.array(z.string()).optional(),
  lookeduphost: z.record(z.string(), z.array(z.string())).optional(),
})
const statistics = z.object({ stufffound: z.number() })

/** MIG's lines. */
export function renderExample(
  result: ModuleResult,
  { foundOnly }: { readonly foundOnly: boolean },
): readonly string[] {
  const { hostname, addresses = [], lookeduphost = {} } = elements.safeParse(result.elements).data ?? {}
  const lines = hostname === undefined ? [] : [`hostname is ${hostname}`]
  lines.push(...addresses.map((address) => `address is ${address}`))
  for (const [name, found] of Object.entries(lookeduphost)) {
    lines.push(...found.map((address) => `lookedup host ${name} has IP ${address}`))
  }
  if (foundOnly) return lines
  lines.push(...(result.errors ?? []).map((error) => `error: ${error}`))
  const counted = statistics.safeParse(result.statistics).data
  if (counted !== undefined) lines.push(`stat: ${counted.stufffound} stuff found`)
  return lines
}
