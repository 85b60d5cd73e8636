import type { Instant } from '../../node/core/clock.ts'
import { base64Encode, base64UrlEncode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { defaultCpuSeconds, defaultResultTtlSeconds, defaultWallSeconds } from '../../node/core/limits.ts'
import { type PolicyBody, parseRootBody, type RootBody } from '../../node/core/policy.ts'
import type { PersonKey } from './people.ts'

/** The document that names the fleet: who may sign its policies.
 *  @throws MigError `bad-policy` */
export function makeRootBody(parts: {
  readonly name: string
  readonly people: readonly PersonKey[]
  readonly threshold: number
  readonly issuedat: Instant
  /** 16 random bytes. */
  readonly nonce: Uint8Array
}): RootBody {
  const body: RootBody = {
    v: 1,
    name: parts.name,
    version: 1,
    issuedat: formatInstant(parts.issuedat),
    nonce: base64UrlEncode(parts.nonce),
    threshold: parts.threshold,
    people: parts.people.map(toPolicyPerson),
  }
  const parsed = parseRootBody(body)
  if (typeof parsed === 'string') throw new MigError('bad-policy', `the root: ${parsed}`)
  return body
}

/** A first policy: everybody weighs 1, one person is enough for everything that is not sensitive, and everybody may invite and stop.
 *  @param minimums minimum weights by module; a sensitive module is granted only where it has an entry of its own */
export function makePolicyBody(parts: {
  readonly fleet: string
  readonly people: readonly PersonKey[]
  readonly minimums: ReadonlyMap<string, number>
  readonly issuedat: Instant
}): PolicyBody {
  const names = parts.people.map((person) => person.name)
  const investigators = Object.fromEntries(
    parts.people.map(({ name, fingerprint }) => [name, { fingerprint, weight: 1 }]),
  )
  const entries = new Map([['default', 1], ...parts.minimums])
  return {
    v: 1,
    fleet: parts.fleet,
    version: 1,
    issuedat: formatInstant(parts.issuedat),
    people: parts.people.map(toPolicyPerson),
    acl: Object.fromEntries(
      [...entries].map(([module, minimumweight]) => [module, { minimumweight, investigators }]),
    ),
    limits: {
      wallseconds: defaultWallSeconds,
      cpuseconds: defaultCpuSeconds,
      resultttl: defaultResultTtlSeconds,
    },
    enrollers: names.map((person) => ({ person, roles: ['agent', 'relay', 'investigator'] })),
    stop: names,
    revoked: { people: [], peers: [], invitations: [] },
  }
}

function toPolicyPerson(person: PersonKey): PolicyBody['people'][number] {
  const { name, fingerprint, certificate } = person
  return { name, keys: [{ fingerprint, certificate: base64Encode(certificate) }] }
}
