import type { PeerId } from '../core/peer-id.ts'
import type { VerifiedCertificate, VerifiedInvitation } from '../verification/membership.ts'
import type { TrustedPolicy, TrustedRoot } from '../verification/trusted-policy.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import type { VerifiedCancel } from '../verification/verify-cancel.ts'

/** What a node knows to be true, each entry a proof that only the verification floor can make. Filled only by the door. */
export interface Ledger {
  root: TrustedRoot | undefined
  policy: TrustedPolicy | undefined
  readonly invitations: Map<string, VerifiedInvitation>
  readonly certificates: Map<PeerId, VerifiedCertificate>
  /** SHA-256 of the wire form of each of them. */
  readonly certificateHashes: Set<string>
  /** How many of them each invitation has brought, by its id: those that count no more included. */
  readonly invited: Map<string, number>
  /** Unexpired actions that this node carries, and, at collectors, those whose results may still come. */
  readonly actions: Map<string, VerifiedAction>
  /** By action id. */
  readonly cancels: Map<string, VerifiedCancel[]>
}

export function createLedger(): Ledger {
  return {
    root: undefined,
    policy: undefined,
    invitations: new Map(),
    certificates: new Map(),
    certificateHashes: new Set(),
    invited: new Map(),
    actions: new Map(),
    cancels: new Map(),
  }
}

/** Is this peer a member now? The reason when it is not. */
export function membershipFault(ledger: Ledger, peer: PeerId, nowMs: number): string | undefined {
  const held = ledger.certificates.get(peer)
  if (held === undefined) return 'no certificate'
  if (held.certificate.notafter < nowMs) return 'certificate has expired'
  const revoked = ledger.policy?.policy.revoked
  if (revoked?.peers.includes(peer) === true) return 'peer is revoked'
  if (revoked?.invitations.includes(held.certificate.invite) === true) return 'invitation is revoked'
  const inviter = ledger.invitations.get(held.certificate.invite)?.person
  if (inviter !== undefined && revoked?.people.includes(inviter) === true)
    return `inviter ${inviter} is revoked`
  return undefined
}
