import { roles } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { MigError } from '../../node/core/error.ts'
import { nearest } from '../../node/core/nearest.ts'
import { checkPolicyDraft, type TrustedPolicyDraft } from '../../node/verification/trusted-policy.ts'
import type { FleetDirectory } from './fleet-directory.ts'
import { knownModules } from './known-modules.ts'

/** Everything that agents ask of a policy but its signatures; and what is allowed but probably not meant.
 *  @param body as it was parsed from a file
 *  @throws MigError `bad-policy`, `bad-acl`, `wrong-fleet` saying where and why */
export async function checkDraft(
  body: unknown,
  fleet: FleetDirectory,
  now: Instant,
): Promise<TrustedPolicyDraft> {
  assertModuleNames(body)
  const draft = await checkPolicyDraft(body, fleet.root, knownModules, now)
  return { ...draft, warnings: [...draft.warnings, ...outOfReach(draft), ...withoutEnrollers(draft)] }
}

/** A typo in a module's name is the likeliest mistake, and a dead entry the most dangerous: say which name was meant. */
function assertModuleNames(body: unknown): void {
  const acl = typeof body === 'object' && body !== null && 'acl' in body ? body.acl : undefined
  if (typeof acl !== 'object' || acl === null) return
  const known = ['default', ...knownModules]
  const unknown = Object.keys(acl).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const near = nearest(unknown, known)
  throw new MigError('bad-acl', `acl.${unknown}: there is no module '${unknown}'`, {
    hint: near === undefined ? `known modules: ${known.join(', ')}` : `did you mean '${near}'?`,
  })
}

/** Roles that nobody can invite nodes for any more. */
function withoutEnrollers({ policy, mayEnrol }: TrustedPolicyDraft): string[] {
  return roles
    .filter((role) => !policy.people.some(({ name }) => mayEnrol(name, role)))
    .map((role) => `enrollers: nobody who is not revoked may enrol nodes of role ${role}`)
}

/** Minimums that only people who are revoked could reach. */
function outOfReach({ acl, isRevoked }: TrustedPolicyDraft): string[] {
  return [...acl].flatMap(([module, grant]) => {
    const weights = [...grant.weights].filter(([person]) => !isRevoked(person))
    const sum = weights.reduce((total, [, weight]) => total + weight, 0)
    return sum < grant.minimumWeight
      ? [`acl.${module}: weight ${grant.minimumWeight} is needed, and all who are not revoked weigh ${sum}`]
      : []
  })
}
