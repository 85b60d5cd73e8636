import { z } from 'zod'
import { MigError } from './error.ts'
import { type Fingerprint, parseFingerprint } from './fingerprint.ts'
import { maxWeight, minWeight } from './limits.ts'

/** A person's name in the policy; one person may own several keys and counts once. */
export type PersonName = string

/** One ACL entry: who weighs how much for a module, and what sum is needed. */
export interface Grant {
  readonly minimumWeight: number
  /** By person, so that a second key of the same person adds nothing. */
  readonly weights: ReadonlyMap<PersonName, number>
}

/** Grants by module name, or `default`. A Map: a module called `constructor` must find nothing. */
export type Acl = ReadonlyMap<string, Grant>

const weight = z.int('expected a whole number').min(minWeight).max(maxWeight)

/** MIG's shape (protocol 4.4). */
export const aclSchema = z.record(
  z.string(),
  z.strictObject({
    minimumweight: weight,
    investigators: z.record(z.string(), z.strictObject({ fingerprint: z.string(), weight })),
  }),
)
export type AclDocument = z.output<typeof aclSchema>

/** Reads MIG's ACL against the people of a policy. Anything doubtful refuses the whole ACL: a half-read ACL grants by accident.
 *  @param knownModules every module name this version knows; a typo must not make an entry dead
 *  @throws MigError `bad-acl` saying which entry and why */
export function readAcl(
  document: AclDocument,
  people: ReadonlyMap<Fingerprint, PersonName>,
  knownModules: ReadonlySet<string>,
): Acl {
  const acl = new Map<string, Grant>()
  for (const [module, entry] of Object.entries(document)) {
    if (module !== 'default' && !knownModules.has(module)) {
      throw new MigError('bad-acl', `ACL entry '${module}': no such module`, {
        hint: `known modules: default, ${[...knownModules].sort().join(', ')}`,
      })
    }
    const weights = new Map<PersonName, number>()
    const seen = new Set<Fingerprint>()
    let reachable = 0
    for (const [name, investigator] of Object.entries(entry.investigators)) {
      const at = `ACL entry '${module}', investigator '${name}'`
      const fingerprint = parseFingerprint(investigator.fingerprint)
      if (fingerprint === undefined)
        throw new MigError('bad-acl', `${at}: '${investigator.fingerprint}' is not a full fingerprint`)
      const person = people.get(fingerprint)
      if (person === undefined)
        throw new MigError('bad-acl', `${at}: ${fingerprint} is not a key of anybody in this policy`)
      if (person !== name) throw new MigError('bad-acl', `${at}: ${fingerprint} is the key of '${person}'`)
      if (seen.has(fingerprint) || weights.has(person))
        throw new MigError('bad-acl', `${at}: ${fingerprint} stands there twice`)
      seen.add(fingerprint)
      weights.set(person, investigator.weight)
      reachable += investigator.weight
    }
    if (reachable < entry.minimumweight) {
      throw new MigError(
        'bad-acl',
        `ACL entry '${module}': minimum weight ${entry.minimumweight} cannot be reached, all weights together are ${reachable}`,
      )
    }
    acl.set(module, { minimumWeight: entry.minimumweight, weights })
  }
  return acl
}

export type Weighing =
  | { readonly kind: 'granted'; readonly weight: number; readonly needed: number }
  | { readonly kind: 'refused'; readonly weight: number; readonly needed: number }
  | { readonly kind: 'no-entry'; readonly sensitive: boolean }

/** Weighs the persons who signed against the entry for one module.
 *  @param persons a set: whoever signed several times, or with several keys, is in it once
 *  @param sensitive such a module is never granted by `default`
 *  @see docs/protocol.md 4.3 */
export function weigh(
  acl: Acl,
  module: string,
  sensitive: boolean,
  persons: ReadonlySet<PersonName>,
): Weighing {
  const grant = acl.get(module) ?? (sensitive || module === 'default' ? undefined : acl.get('default'))
  if (grant === undefined) return { kind: 'no-entry', sensitive }
  let sum = 0
  for (const person of persons) sum += grant.weights.get(person) ?? 0
  return {
    kind: sum >= grant.minimumWeight ? 'granted' : 'refused',
    weight: sum,
    needed: grant.minimumWeight,
  }
}

/** "weight 1 of 2 for module netstat": the arithmetic as it is shown to people. */
export function describeWeighing(module: string, weighing: Weighing): string {
  if (weighing.kind === 'no-entry') {
    return weighing.sensitive
      ? `module ${module} is sensitive and has no ACL entry of its own`
      : `no ACL entry for module ${module}, and no default`
  }
  return `weight ${weighing.weight} of ${weighing.needed} for module ${module}`
}
