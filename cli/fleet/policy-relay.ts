import type { Tags } from '../../node/core/certificate.ts'
import { type PolicyBody, relayKey } from '../../node/core/policy.ts'

type Relay = NonNullable<PolicyBody['relays']>[number]

/** @returns the policy with that relay in it; undefined when it is there already */
export function withRelay(body: PolicyBody, peer: string, tags: Tags | undefined): PolicyBody | undefined {
  const relays = body.relays ?? []
  const relay: Relay = { peer, ...(tags === undefined ? {} : { tags }) }
  if (relays.some((held) => relayKey(held) === relayKey(relay))) return undefined
  return { ...body, relays: [...relays, relay] }
}

/** @param tags undefined: whatever it is for
 *  @returns the policy without that relay; undefined when it is not in it */
export function withoutRelay(body: PolicyBody, peer: string, tags: Tags | undefined): PolicyBody | undefined {
  const { relays = [], ...rest } = body
  const isMeant = (held: Relay) =>
    held.peer === peer && (tags === undefined || relayKey(held) === relayKey({ peer, tags }))
  const kept = relays.filter((held) => !isMeant(held))
  if (kept.length === relays.length) return undefined
  return kept.length === 0 ? rest : { ...rest, relays: kept }
}

/** `members with site=paris`, `every member` */
export function forWhom(tags: Tags | undefined): string {
  const pairs = Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value}`)
  return pairs.length === 0 ? 'every member' : `members with ${pairs.join(', ')}`
}
