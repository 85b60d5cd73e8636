import type { PersonName } from '../core/acl.ts'
import type { Action } from '../core/action.ts'
import { type Admission, accept, ignore } from '../core/admission.ts'
import { type Cancel, parseCancelBody } from '../core/cancel.ts'
import type { Instant } from '../core/clock.ts'
import { documentId, type Envelope } from '../core/envelope.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, maxActionSpanSeconds } from '../core/limits.ts'
import { checkFleet, checkVersion, openDocument } from './open-document.ts'
import type { TrustedPolicy } from './trusted-policy.ts'
import { noSigner } from './verify-action.ts'
import { verifySignatures } from './verify-signatures.ts'

declare const proof: unique symbol

/** A cancel that somebody known signed: only this file makes one. Whether it stops its action is judged when the action is there. */
export interface VerifiedCancel {
  readonly [proof]: 'verified'
  /** Document id of the cancel itself. */
  readonly id: string
  readonly cancel: Cancel
  /** The first whose signature holds; what is kept is counted against them (64 a person). */
  readonly person: PersonName
  /** The primary key of that person's signature. */
  readonly fingerprint: Fingerprint
  /** The key or subkey by which each person signed. */
  readonly signingKeys: ReadonlyMap<PersonName, Fingerprint>
  /** With one verified signature a person, and no others. */
  readonly envelope: Envelope
}

/** May it travel?
 *  @see docs/protocol.md 3.7, 4.1 */
export async function verifyCancel(
  wire: Uint8Array,
  { fleet, policy, now }: { readonly fleet: string; readonly policy: TrustedPolicy; readonly now: Instant },
): Promise<Admission<VerifiedCancel>> {
  const opened = openDocument(wire, 'mig.cancel.v1')
  if (opened.kind !== 'accept') return opened
  const { envelope, value } = opened.value
  const refused = checkFleet(value, fleet) ?? checkVersion(value, 'v', 1)
  if (refused !== undefined) return refused
  const cancel = parseCancelBody(value)
  if (typeof cancel === 'string') return ignore('bad-schema', cancel)
  if (cancel.issuedat > plusSeconds(now, clockToleranceSeconds))
    return ignore('not-yet-valid', 'issued in the future')
  // Whatever it could stop has expired by then.
  if (now > plusSeconds(cancel.issuedat, maxActionSpanSeconds + clockToleranceSeconds))
    return ignore('expired', 'older than any action')
  const { kept, signingKeys, faults, known } = await verifySignatures(envelope, policy.keyring, {
    issuedAt: cancel.issuedat,
    now,
  })
  const [[person, signingKey] = []] = signingKeys
  const key = signingKey === undefined ? undefined : policy.keyring.byAnyFingerprint(signingKey)
  if (person === undefined || key === undefined) return noSigner({ known, faults })
  const plain = {
    id: documentId(envelope),
    cancel,
    person,
    fingerprint: key.fingerprint,
    signingKeys,
    envelope: { type: envelope.type, body: envelope.body, signatures: [...kept.values()] },
  }
  // The one place where the proof is given: everything above has been checked.
  return accept(plain as Omit<VerifiedCancel, typeof proof> as VerifiedCancel)
}

/** May this cancel stop this action? Its signer is one of the action's stoppers, or may stop anybody's.
 *  The policy of now decides, not the one under which the cancel came in.
 *  @see docs/protocol.md 3.7 */
export function mayCancel(
  cancel: VerifiedCancel,
  action: Pick<Action, 'stoppers'>,
  policy: TrustedPolicy,
): boolean {
  for (const signingKey of cancel.signingKeys.values()) {
    const person = policy.keyring.byAnyFingerprint(signingKey)?.person
    if (person === undefined) continue
    if (policy.mayStop(person) || action.stoppers.some((stopper) => policy.personOf(stopper) === person))
      return true
  }
  return false
}
