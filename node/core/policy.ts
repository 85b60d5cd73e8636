import { z } from 'zod'
import { aclSchema } from './acl.ts'
import { isBootstrapAddress } from './bootstrap-address.ts'
import { type Tags, tagsSchema } from './certificate.ts'
import { isDocumentId } from './envelope.ts'
import {
  maxNameChars,
  maxPeople,
  maxPgpCertificateBytes,
  maxPolicyBootstrap,
  maxPolicyRelays,
  maxResultTtlSeconds,
} from './limits.ts'
import {
  describeIssue,
  documentIdField,
  fingerprintField,
  instantField,
  peerIdField,
  positiveInteger,
} from './schema.ts'

/** An OpenPGP certificate (public key), binary, in base64. */
const pgpCertificate = z.base64().max(Math.ceil(maxPgpCertificateBytes / 3) * 4)
const personName = z.string().min(1).max(maxNameChars)

/** A person and their keys. The fingerprints stand beside the certificates so that the text can be read by people; both must agree. */
const personSchema = z.strictObject({
  name: personName,
  keys: z
    .array(z.strictObject({ fingerprint: fingerprintField, certificate: pgpCertificate }))
    .min(1)
    .max(8),
})

/** Who may sign policies: `mig.root.v1`. The first root's hash is the fleet's name (protocol 1.1, 5.1). */
export const rootSchema = z
  .strictObject({
    v: z.literal(1),
    name: personName,
    version: positiveInteger,
    issuedat: instantField,
    /** Makes two fleets of one name and one key two fleets. */
    nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    threshold: positiveInteger,
    people: z.array(personSchema).min(1).max(16),
  })
  .refine((root) => root.threshold <= root.people.length, 'threshold is more than the number of people')
export type Root = z.output<typeof rootSchema>
export type RootBody = z.input<typeof rootSchema>

/** A member that is to relay, named by its peer id: names are what members call themselves. */
const relaySchema = z.strictObject({
  peer: peerIdField,
  /** For members whose certificates carry all of these; absent: for every member. */
  tags: tagsSchema
    .refine((tags) => Object.keys(tags).length > 0, 'no tags: leave the field out to mean every member')
    .optional(),
})

const roleField = z.enum(['agent', 'relay', 'investigator'])

/** The fleet's rules in one bundle: `mig.policy.v1` (protocol 5). One bundle, one hash: no parts to mix. */
export const policySchema = z.strictObject({
  v: z.literal(1),
  fleet: documentIdField,
  version: positiveInteger,
  /** Hash of the bundle before this one; absent in the first. */
  previous: z.string().refine(isDocumentId, 'expected a document id').optional(),
  issuedat: instantField,
  people: z.array(personSchema).min(1).max(maxPeople),
  acl: aclSchema,
  /** Upper bounds for every run; an action may only tighten them. */
  limits: z
    .strictObject({
      wallseconds: positiveInteger,
      cpuseconds: positiveInteger,
      matches: positiveInteger,
      bytes: positiveInteger,
      resultttl: z.int().min(60).max(maxResultTtlSeconds),
    })
    .partial(),
  /** Who may invite nodes, and of which roles. */
  enrollers: z.array(z.strictObject({ person: personName, roles: z.array(roleField).min(1) })).max(maxPeople),
  /** Who may cancel anybody's action. */
  stop: z.array(personName).max(maxPeople),
  revoked: z.strictObject({
    people: z.array(personName).max(maxPeople),
    peers: z.array(peerIdField).max(10_000),
    invitations: z.array(documentIdField).max(10_000),
  }),
  /** Members that every node dials first, beside those that its own machine names: how a fleet moves its anchors. */
  bootstrap: z
    .array(
      z
        .string()
        .refine(isBootstrapAddress, 'expected an address such as /ip4/192.0.2.1/tcp/7373/p2p/12D3KooW…'),
    )
    .max(maxPolicyBootstrap)
    .optional(),
  /** Members that relay for those that nobody can dial, an office's own for that office: it takes no `relay = true` on the machine. */
  relays: z
    .array(relaySchema)
    .max(maxPolicyRelays)
    .refine(
      (relays) => new Set(relays.map(relayKey)).size === relays.length,
      'the same relay stands there twice',
    )
    .optional(),
})
export type Policy = z.output<typeof policySchema>
export type PolicyBody = z.input<typeof policySchema>

/** One text for one entry, whatever the order of its tags. */
export function relayKey({
  peer,
  tags,
}: {
  readonly peer: string
  readonly tags?: Tags | undefined
}): string {
  const pairs = Object.entries(tags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([peer, pairs])
}

/** @returns the root, or one sentence on what is wrong with it */
export function parseRootBody(value: unknown): Root | string {
  const parsed = rootSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}

/** @returns the policy, or one sentence on what is wrong with it */
export function parsePolicyBody(value: unknown): Policy | string {
  const parsed = policySchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}
