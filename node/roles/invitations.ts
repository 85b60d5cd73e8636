import type { Role, Tags } from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { formatInstant } from '../core/instant.ts'
import type { VerifiedCertificate } from '../verification/membership.ts'
import { type Ledger, membershipFault } from './ledger.ts'

/** An invitation and who has come in by it, as far as this node has heard (protocol 1.4). */
export interface InvitationView {
  readonly id: string
  readonly role: Role
  readonly tags: Tags
  /** Who has signed it. */
  readonly person: string
  readonly maxuses: number
  readonly issuedat: string
  readonly expires: string
  /** Present members, in the order of their certificates' beginnings. */
  readonly members: readonly InvitedMember[]
}

export interface InvitedMember {
  readonly peer: string
  readonly name: string
  readonly notbefore: string
  /** It comes after as many as the invitation was made for. The order is the newcomers' own word: all of them are worth a look. */
  readonly isSurplus: boolean
}

/** Every member that holds the same certificates sees the same: sorted by `notbefore`, then by peer id. Whoever is revoked or has run out
 *  counts no more, so that revoking the surplus, or the invitation, ends it. */
export function readInvitations(ledger: Ledger, now: Instant): readonly InvitationView[] {
  const invited = new Map<string, VerifiedCertificate[]>()
  for (const held of ledger.certificates.values()) {
    if (membershipFault(ledger, held.peer, now) !== undefined) continue
    const { invite } = held.certificate
    invited.set(invite, [...(invited.get(invite) ?? []), held])
  }
  return [...ledger.invitations.values()]
    .sort((a, b) => a.invitation.issuedat - b.invitation.issuedat || (a.id < b.id ? -1 : 1))
    .map(({ id, invitation, person }) => ({
      id,
      role: invitation.role,
      tags: invitation.tags,
      person,
      maxuses: invitation.maxuses,
      issuedat: formatInstant(invitation.issuedat),
      expires: formatInstant(invitation.expires),
      members: (invited.get(id) ?? [])
        .sort((a, b) => a.certificate.notbefore - b.certificate.notbefore || (a.peer < b.peer ? -1 : 1))
        .map(({ peer, certificate }, place) => ({
          peer,
          name: certificate.name,
          notbefore: formatInstant(certificate.notbefore),
          isSurplus: place >= invitation.maxuses,
        })),
    }))
}

/** How many members have come in by an invitation, for a log line when it is more than it was made for. */
export function countInvited(ledger: Ledger, invitationId: string, now: Instant): number {
  let count = 0
  for (const { peer, certificate } of ledger.certificates.values())
    if (certificate.invite === invitationId && membershipFault(ledger, peer, now) === undefined) count++
  return count
}

/** Invitations with more members than they were made for. */
export function overused(invitations: readonly InvitationView[]): readonly InvitationView[] {
  return invitations.filter(({ members, maxuses }) => members.length > maxuses)
}
