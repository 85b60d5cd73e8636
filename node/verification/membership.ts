import { type Admission, accept, ignore, reject } from '../core/admission.ts'
import { equalBytes } from '../core/bytes.ts'
import { canonicalBytes, type JsonObject, parseCanonical } from '../core/canonical-json.ts'
import {
  type Certificate,
  type CertificateBody,
  type Invitation,
  type InvitationBody,
  parseCertificateBody,
  parseInvitationBody,
  type Role,
  type Tags,
} from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { base64UrlEncode } from '../core/encoding.ts'
import {
  decodeEnvelope,
  documentId,
  type Envelope,
  encodeEnvelope,
  maxBodyBytes,
  type PayloadType,
  preAuthEncoding,
} from '../core/envelope.ts'
import { MigError } from '../core/error.ts'
import { formatInstant } from '../core/instant.ts'
import { clockToleranceSeconds } from '../core/limits.ts'
import { type PeerId, peerIdOf, publicKeyOf } from '../core/peer-id.ts'
import { bodyFault } from './node-envelope.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from './node-keys.ts'

/** What stands for "this has been verified"; only this file can give it. */
declare const proof: unique symbol

/** Leave to enrol that an enroller of this fleet signed. Made by `verifyInvitation` alone. */
export interface VerifiedInvitation {
  readonly [proof]: 'invitation'
  readonly id: string
  readonly invitation: Invitation
  /** The enroller: of those who signed and may, the first by name. */
  readonly person: string
  readonly wire: Uint8Array
}

/** A member's certificate that holds. Made by `verifyCertificate` alone. */
export interface VerifiedCertificate {
  readonly [proof]: 'certificate'
  readonly id: string
  readonly certificate: Certificate
  readonly peer: PeerId
  readonly wire: Uint8Array
}

/** The body of an invitation, to be signed with PGP by an enroller as `mig.invite.v1`.
 *  @throws MigError `bad-invitation` */
export function makeInvitationBody(parts: {
  readonly fleet: string
  readonly role: Role
  readonly tags: Tags
  readonly maxuses: number
  readonly issuedat: Instant
  readonly expires: Instant
  /** Ed25519 public key; its private half goes into the invitation string. */
  readonly invitekey: Uint8Array
}): Uint8Array {
  const { fleet, role, tags, maxuses } = parts
  const body: InvitationBody = {
    v: 1,
    fleet,
    role,
    tags,
    maxuses,
    issuedat: formatInstant(parts.issuedat),
    expires: formatInstant(parts.expires),
    invitekey: base64UrlEncode(parts.invitekey),
  }
  const parsed = parseInvitationBody(body)
  if (typeof parsed === 'string')
    throw new MigError('bad-invitation', `the invitation is malformed: ${parsed}`)
  return bodyBytes(body, 'bad-invitation')
}

/** Makes a node's certificate: the invite key says "may join as this", the peer key says "that is me".
 *  @returns the wire form, with exactly two signatures: invite key, peer key
 *  @throws MigError `bad-certificate` */
export function signCertificate(
  body: CertificateBody,
  inviteSeed: Uint8Array,
  peerSeed: Uint8Array,
): Uint8Array {
  const parsed = parseCertificateBody(body)
  if (typeof parsed === 'string')
    throw new MigError('bad-certificate', `the certificate is malformed: ${parsed}`)
  if (parsed.peerid !== peerIdOf(ed25519PublicKey(peerSeed))) {
    throw new MigError(
      'bad-certificate',
      `the certificate names peer ${parsed.peerid}, which is not the key that signs it`,
    )
  }
  const type = 'mig.certificate.v1'
  const bytes = bodyBytes(body, 'bad-certificate')
  const signed = preAuthEncoding(type, bytes)
  const signatures = [ed25519Sign(inviteSeed, signed), ed25519Sign(peerSeed, signed)]
  return encodeEnvelope({ type, body: bytes, signatures })
}

export interface InvitationContext {
  readonly fleet: string
  readonly now: Instant
  /** The persons whose PGP signatures hold. */
  readonly signedBy: (
    envelope: Envelope,
    window: { readonly issuedAt: Instant; readonly expireAfter: Instant; readonly now: Instant },
  ) => Promise<ReadonlySet<string>>
  readonly mayEnrol: (person: string, role: Role) => boolean
  readonly isRevoked: (id: string) => boolean
}

/** Judges an invitation. One that has expired still holds: certificates made within its life outlive it, and late joiners
 *  must be able to check them. Whether a certificate was made in time is for `verifyCertificate`.
 *  @see docs/protocol.md 1.4 */
export async function verifyInvitation(
  wire: Uint8Array,
  context: InvitationContext,
): Promise<Admission<VerifiedInvitation>> {
  const document = readDocument(wire, 'mig.invite.v1', context.fleet)
  if (document.kind !== 'accept') return document
  const { envelope, value } = document.value
  const invitation = parseInvitationBody(value)
  if (typeof invitation === 'string') return ignore('bad-schema', invitation)
  if (invitation.issuedat > context.now + toleranceMs)
    return ignore('not-yet-valid', 'the invitation was issued in the future')
  const id = documentId(envelope)
  if (context.isRevoked(id)) return ignore('revoked', `invitation ${id} is revoked`)
  const persons = await context.signedBy(envelope, {
    issuedAt: invitation.issuedat,
    expireAfter: invitation.expires,
    now: context.now,
  })
  if (persons.size === 0) return ignore('no-valid-signature', 'nobody known has signed the invitation')
  const person = [...persons].sort().find((name) => context.mayEnrol(name, invitation.role))
  if (person === undefined) {
    return ignore(
      'not-permitted',
      `${[...persons].join(', ')} may not enrol nodes of role ${invitation.role}`,
    )
  }
  const verified: Omit<VerifiedInvitation, typeof proof> = { id, invitation, person, wire }
  return accept(verified as VerifiedInvitation)
}

export interface CertificateContext {
  readonly fleet: string
  readonly now: Instant
  /** The invitation with this document id, if it is known, verified and not revoked. */
  readonly invitation: (id: string) => VerifiedInvitation | undefined
  /** The certificate that is held of this peer. */
  readonly held: (peer: PeerId) => VerifiedCertificate | undefined
  readonly isRevokedPeer: (peer: PeerId) => boolean
}

/** Judges a node's certificate. `already-held` means that what is held is this very certificate, and that it holds now.
 *  @see docs/protocol.md 1.4 */
export function verifyCertificate(
  wire: Uint8Array,
  context: CertificateContext,
): Admission<VerifiedCertificate> {
  const document = readDocument(wire, 'mig.certificate.v1', context.fleet)
  if (document.kind !== 'accept') return document
  const { envelope, value } = document.value
  const certificate = parseCertificateBody(value)
  if (typeof certificate === 'string') return ignore('bad-schema', certificate)
  const peer = certificate.peerid
  if (certificate.notbefore > context.now + toleranceMs)
    return ignore('not-yet-valid', `the certificate of ${peer} is not valid yet`)
  if (context.now > certificate.notafter) return ignore('expired', `the certificate of ${peer} has expired`)
  if (context.isRevokedPeer(peer)) return ignore('revoked', `${peer} is revoked`)
  const invitation = context.invitation(certificate.invite)
  if (invitation === undefined)
    return ignore('unknown-signer', `invitation ${certificate.invite} is not known`)
  const id = documentId(envelope)
  const held = context.held(peer)
  if (held !== undefined) {
    if (id === held.id) return ignore('already-held', `the certificate of ${peer} is held already`)
    const { serial } = held.certificate
    if (certificate.serial < serial)
      return ignore('older', `serial ${certificate.serial} of ${peer}, ${serial} is held`)
  }
  const fault = promiseFault(certificate, invitation.invitation)
  if (fault !== undefined) return ignore('not-permitted', fault)
  if (!holds(envelope, invitation.invitation.invitekey, certificate)) {
    return ignore(
      'no-valid-signature',
      `the certificate of ${peer} is not signed by its invitation and its peer key`,
    )
  }
  // Only now: without both signatures anybody could accuse a peer of this.
  if (held?.certificate.serial === certificate.serial) {
    return ignore('equivocation', `two certificates of ${peer} with serial ${certificate.serial}`)
  }
  const verified: Omit<VerifiedCertificate, typeof proof> = { id, certificate, peer, wire }
  return accept(verified as VerifiedCertificate)
}

const toleranceMs = clockToleranceSeconds * 1000

/** What the certificate takes beyond what the invitation gives. */
function promiseFault(certificate: Certificate, invitation: Invitation): string | undefined {
  if (certificate.role !== invitation.role) return `role ${certificate.role}, invited as ${invitation.role}`
  if (!equalBytes(canonicalBytes(certificate.tags), canonicalBytes(invitation.tags)))
    return 'tags differ from the invitation'
  const { notbefore } = certificate
  if (notbefore < invitation.issuedat - toleranceMs) return 'the certificate is older than its invitation'
  if (notbefore > invitation.expires + toleranceMs)
    return 'the certificate was made after its invitation expired'
  return undefined
}

/** Exactly two signatures over the same bytes: the invite key's, then the peer key's. */
function holds(envelope: Envelope, inviteKey: Uint8Array, certificate: Certificate): boolean {
  const [byInvite, byPeer] = envelope.signatures
  const peerKey = publicKeyOf(certificate.peerid)
  if (
    byInvite === undefined ||
    byPeer === undefined ||
    peerKey === undefined ||
    envelope.signatures.length !== 2
  )
    return false
  const signed = preAuthEncoding(envelope.type, envelope.body)
  return ed25519Verify(inviteKey, signed, byInvite) && ed25519Verify(peerKey, signed, byPeer)
}

/** P4.1: size, decodable, canonical, fleet; in this order. */
function readDocument(
  wire: Uint8Array,
  type: PayloadType,
  fleet: string,
): Admission<{ readonly envelope: Envelope; readonly value: JsonObject }> {
  const envelope = decodeEnvelope(wire)
  if (envelope === 'too-large' || envelope === 'not-decodable') return reject(envelope, 'not an envelope')
  if (typeof envelope === 'string') return ignore(envelope, 'an envelope that this version does not take')
  if (envelope.type !== type) return ignore('unsupported', `expected ${type}, got ${envelope.type}`)
  const parsed = parseCanonical(envelope.body, maxBodyBytes(type))
  if (parsed.kind === 'fault')
    return reject(bodyFault(parsed.fault), `the body of a ${type} is not canonical JSON`)
  const theirs = parsed.value.fleet
  if (typeof theirs === 'string' && theirs !== fleet)
    return reject('wrong-fleet', `of fleet ${theirs.slice(0, 52)}`)
  return accept({ envelope, value: parsed.value })
}

function bodyBytes(body: object, code: 'bad-invitation' | 'bad-certificate'): Uint8Array {
  try {
    return canonicalBytes(body)
  } catch (cause) {
    // A name or a tag with control characters: the person can change it.
    throw new MigError(code, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
