import { z } from 'zod'
import { maxCertificateSeconds, maxInvitationSeconds, maxNameChars, maxTagChars, maxTags } from './limits.ts'
import {
  bytesField,
  describeIssue,
  documentIdField,
  instantField,
  peerIdField,
  positiveInteger,
} from './schema.ts'

export const roles = ['agent', 'relay', 'investigator'] as const
/** What a node is for. Relays and investigators' nodes are *collectors*: both carry results. */
export type Role = (typeof roles)[number]

export function isCollector(role: Role): boolean {
  return role !== 'agent'
}

export const tagsSchema = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'expected a tag name'),
    z.string().max(maxTagChars),
  )
  .refine((tags) => Object.keys(tags).length <= maxTags, `more than ${maxTags} tags`)
export type Tags = Readonly<Record<string, string>>

/** Leave to enrol: `mig.invite.v1`, signed with PGP by an enroller. Its private half travels only in the invitation string. */
export const invitationSchema = z
  .strictObject({
    v: z.literal(1),
    fleet: documentIdField,
    role: z.enum(roles),
    tags: tagsSchema,
    maxuses: z.int().min(1).max(1_000_000),
    issuedat: instantField,
    expires: instantField,
    /** Ed25519 public key. */
    invitekey: bytesField(32),
  })
  .refine((invitation) => invitation.issuedat < invitation.expires, 'expires must be later than issuedat')
  .refine(
    (invitation) => invitation.expires - invitation.issuedat <= maxInvitationSeconds * 1000,
    'an invitation lasts at most 14 days',
  )
export type Invitation = z.output<typeof invitationSchema>
export type InvitationBody = z.input<typeof invitationSchema>

/** Binds a peer id to role, name, tags and keys: `mig.certificate.v1`, signed by the invite key and by the peer key, in this order. */
export const certificateSchema = z
  .strictObject({
    v: z.literal(1),
    fleet: documentIdField,
    role: z.enum(roles),
    name: z.string().min(1).max(maxNameChars),
    peerid: peerIdField,
    /** Ed25519; signs results, statuses and heartbeats. Of a node without a gate: its peer key. */
    answerkey: bytesField(32),
    /** X25519. */
    sealingkey: bytesField(32),
    tags: tagsSchema,
    serial: positiveInteger,
    notbefore: instantField,
    notafter: instantField,
    /** Document id of the invitation. */
    invite: documentIdField,
  })
  .refine(
    (certificate) => certificate.notbefore < certificate.notafter,
    'notafter must be later than notbefore',
  )
  .refine(
    (certificate) => certificate.notafter - certificate.notbefore <= maxCertificateSeconds * 1000,
    'a certificate lasts at most a year',
  )
export type Certificate = z.output<typeof certificateSchema>
export type CertificateBody = z.input<typeof certificateSchema>

/** @returns the invitation, or one sentence on what is wrong with it */
export function parseInvitationBody(value: unknown): Invitation | string {
  const parsed = invitationSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}

/** @returns the certificate, or one sentence on what is wrong with it */
export function parseCertificateBody(value: unknown): Certificate | string {
  const parsed = certificateSchema.safeParse(value)
  return parsed.success ? parsed.data : describeIssue(parsed.error)
}
