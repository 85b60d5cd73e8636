import { type Acl, type PersonName, readAcl } from '../core/acl.ts'
import type { Role } from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import type { Policy } from '../core/policy.ts'
import { type Keyring, readKeyring } from './keyring.ts'
import { pgpConfig } from './pgp-config.ts'

/** What a policy says, read and found coherent. */
export interface PolicyContents {
  readonly policy: Policy
  readonly acl: Acl
  /** Without the keys of revoked people. */
  readonly keyring: Keyring
  /** The owner of a primary key, revoked or not. */
  personOf(fingerprint: Fingerprint): PersonName | undefined
  isRevoked(person: PersonName): boolean
  mayEnrol(person: PersonName, role: Role): boolean
  /** May this person cancel anybody's action? */
  mayStop(person: PersonName): boolean
}

/** Reads what a policy says. Anything doubtful refuses the whole bundle.
 *  @throws MigError `bad-policy` or `bad-acl` */
export async function readPolicy(policy: Policy, knownModules: ReadonlySet<string>): Promise<PolicyContents> {
  const revoked = new Set(policy.revoked.people)
  const keyring = await readKeyring(policy.people, revoked)
  const names = new Set(policy.people.map((person) => person.name))
  const know = (person: PersonName, where: string) => {
    if (!names.has(person)) throw new MigError('bad-policy', `${where}: '${person}' is nobody in this policy`)
  }
  for (const { person } of policy.enrollers) know(person, 'enrollers')
  for (const person of policy.stop) know(person, 'stop')
  for (const person of policy.revoked.people) know(person, 'revoked.people')
  const acl = readAcl(policy.acl, keyring.peopleByFingerprint, knownModules)
  return {
    policy,
    acl,
    keyring,
    personOf: (fingerprint) => keyring.peopleByFingerprint.get(fingerprint),
    isRevoked: (person) => revoked.has(person),
    mayEnrol: (person, role) =>
      !revoked.has(person) &&
      policy.enrollers.some((enroller) => enroller.person === person && enroller.roles.includes(role)),
    mayStop: (person) => !revoked.has(person) && policy.stop.includes(person),
  }
}

/** What is allowed but probably not meant: people whose keys cannot sign or cannot be encrypted to. */
export async function warningsOf(
  { policy, keyring, isRevoked }: PolicyContents,
  now: Instant,
): Promise<string[]> {
  const out = new Set<string>(policy.revoked.peers)
  const warnings = (policy.relays ?? [])
    .filter(({ peer }) => out.has(peer))
    .map(({ peer }) => `relays: ${peer} is revoked, so it relays for nobody`)
  for (const { name } of policy.people) {
    if (isRevoked(name)) continue
    const keys = keyring.keysOf(name)
    if (keys.length === 0) warnings.push(`${name}: every key is revoked`)
    for (const key of keys) {
      try {
        await key.key.getSigningKey(undefined, new Date(now), undefined, pgpConfig)
      } catch (error) {
        warnings.push(`${name}: key ${key.fingerprint} cannot sign: ${messageOf(error)}`)
      }
    }
    const readable = await Promise.all(keys.map((key) => key.canEncrypt(now)))
    if (keys.length > 0 && !readable.includes(true))
      warnings.push(`${name}: no key that answers can be encrypted to`)
  }
  return warnings
}
