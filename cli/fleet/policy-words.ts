import { formatInstant } from '../../node/core/instant.ts'
import type { Policy } from '../../node/core/policy.ts'
import { forWhom } from './policy-relay.ts'

/** A policy as it is shown: everything but the certificates. */
export interface PolicyView {
  readonly fleet: string
  readonly fleetName: string
  readonly version: number
  readonly hash: string
  readonly issuedat: string
  readonly signers: readonly string[]
  readonly threshold: number
  readonly people: readonly {
    readonly name: string
    readonly fingerprints: readonly string[]
    readonly enrols: readonly string[]
    readonly mayStop: boolean
    readonly isRevoked: boolean
  }[]
  readonly acl: Policy['acl']
  readonly limits: Policy['limits']
  readonly revoked: Policy['revoked']
  readonly bootstrap: readonly string[]
  readonly relays: NonNullable<Policy['relays']>
}

export function viewPolicy(
  policy: Policy,
  about: Pick<PolicyView, 'fleetName' | 'hash' | 'signers' | 'threshold'>,
): PolicyView {
  return {
    ...about,
    fleet: policy.fleet,
    version: policy.version,
    issuedat: formatInstant(policy.issuedat),
    people: policy.people.map(({ name, keys }) => ({
      name,
      fingerprints: keys.map((key) => key.fingerprint),
      enrols: policy.enrollers.filter(({ person }) => person === name).flatMap(({ roles }) => roles),
      mayStop: policy.stop.includes(name),
      isRevoked: policy.revoked.people.includes(name),
    })),
    acl: policy.acl,
    limits: policy.limits,
    revoked: policy.revoked,
    bootstrap: policy.bootstrap ?? [],
    relays: policy.relays ?? [],
  }
}

/** The same in plain words, one line each. */
export function describePolicy(view: PolicyView): readonly string[] {
  return [
    `policy ${view.version} of fleet ${view.fleetName}, ${view.issuedat}`,
    `  fleet ${view.fleet}`,
    `  hash  ${view.hash}`,
    `  signed by ${list(view.signers)}; ${view.threshold} must sign`,
    'people',
    ...view.people.flatMap((person) => [
      `  ${person.name}${person.isRevoked ? ' (REVOKED)' : ''}: ${rights(person)}`,
      ...person.fingerprints.map((fingerprint) => `    key ${fingerprint}`),
    ]),
    'who may ask what',
    ...Object.entries(view.acl).map(([module, entry]) => {
      const weights = Object.entries(entry.investigators).map(([name, { weight }]) => `${name} ${weight}`)
      const what = module === 'default' ? 'any module that is not named here and not sensitive' : module
      return `  ${what}: weight ${entry.minimumweight} is needed; ${list(weights)}`
    }),
    `limits of every run: ${limits(view.limits)}`,
    ...revocations(view.revoked),
    ...dialledFirst(view.bootstrap),
    ...chosenToRelay(view.relays),
  ]
}

function rights(person: PolicyView['people'][number]): string {
  const can = [
    ...(person.enrols.length > 0 ? [`invites ${list(person.enrols)}`] : []),
    ...(person.mayStop ? ['stops any action'] : []),
  ]
  return can.length === 0 ? 'asks, as the weights below say' : can.join('; ')
}

function limits(values: Policy['limits']): string {
  const entries = Object.entries(values).map(([name, value]) => `${name} ${value}`)
  return entries.length === 0 ? 'as built in' : entries.join(', ')
}

function revocations({ people, peers, invitations }: Policy['revoked']): readonly string[] {
  const all = [
    ...people.map((name) => `  person ${name}`),
    ...peers.map((peer) => `  node ${peer}`),
    ...invitations.map((id) => `  invitation ${id}`),
  ]
  return all.length === 0 ? ['nothing is revoked'] : ['revoked', ...all]
}

function dialledFirst(addresses: readonly string[]): readonly string[] {
  return addresses.length === 0 ? [] : ['every node dials first', ...addresses.map((text) => `  ${text}`)]
}

function chosenToRelay(relays: PolicyView['relays']): readonly string[] {
  if (relays.length === 0) return []
  return ['who is to relay', ...relays.map(({ peer, tags }) => `  ${peer} for ${forWhom(tags)}`)]
}

function list(words: readonly string[]): string {
  return words.length === 0 ? 'nobody' : words.join(', ')
}
