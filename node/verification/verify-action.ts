import type { PersonName } from '../core/acl.ts'
import { type Action, parseActionBody } from '../core/action.ts'
import { type Admission, accept, ignore } from '../core/admission.ts'
import type { Instant } from '../core/clock.ts'
import { documentId, type Envelope } from '../core/envelope.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { formatInstant, plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, maxSignatures } from '../core/limits.ts'
import { checkFleet, checkVersion, openDocument } from './open-document.ts'
import type { TrustedPolicy } from './trusted-policy.ts'
import { claimedSigners, type SignerSet, verifySignatures } from './verify-signatures.ts'

declare const proof: unique symbol

/** An action that may travel: only this file makes one. Whether it may run here is another question (`authorizeAction`). */
export interface VerifiedAction {
  readonly [proof]: 'verified'
  /** Document id: nobody assigns it, and signatures are not part of it. */
  readonly id: string
  readonly action: Action
  /** The bytes that were signed. */
  readonly body: Uint8Array
  readonly signers: ReadonlySet<PersonName>
  /** The key or subkey by which each of them signed: a newer policy judges by these. */
  readonly signingKeys: ReadonlyMap<PersonName, Fingerprint>
  /** With one verified signature a person, and no others. */
  readonly envelope: Envelope
}

export interface ActionKnowledge {
  readonly fleet: string
  readonly policy: TrustedPolicy
  readonly now: Instant
  /** Who signed the copy of this action that is held; undefined when none is. */
  readonly heldSigners: (id: string) => ReadonlySet<PersonName> | undefined
  /** A collector still takes an expired action until this long after it: answers to it may yet come. It is run nowhere. */
  readonly mayBeExpired?: boolean
}

/** May it travel? Cheapest questions first.
 *  @see docs/protocol.md 4.1 */
export async function verifyAction(
  wire: Uint8Array,
  knowledge: ActionKnowledge,
): Promise<Admission<VerifiedAction>> {
  const { policy, now } = knowledge
  // P4.1 size, decodable, canonical
  const opened = openDocument(wire, 'mig.action.v3')
  if (opened.kind !== 'accept') return opened
  const { envelope, value } = opened.value
  // P4.1 fleet, version, schema
  const refused = checkFleet(value, knowledge.fleet) ?? checkVersion(value, 'syntaxversion', 3)
  if (refused !== undefined) return refused
  const action = parseActionBody(value)
  if (typeof action === 'string') return ignore('bad-schema', action)
  // P4.1 window; an action whose validfrom is ahead travels, and waits where it would run
  const outside = checkWindow(action, now, knowledge.mayBeExpired ?? false)
  if (outside !== undefined) return outside
  // P4.1 already held with this set of signatures
  const id = documentId(envelope)
  const held = knowledge.heldSigners(id)
  const claimed = claimedSigners(envelope, policy.keyring)
  if (held !== undefined && isSubset(claimed.persons, held)) return ignore('already-held', 'no new signer')
  // P4.1 issuer known
  if (claimed.persons.size === 0) return noSigner(claimed)
  // P4.2 signatures
  const window = { issuedAt: action.issuedat, expireAfter: action.expireafter, now }
  const signers = await verifySignatures(envelope, policy.keyring, window)
  if (signers.persons.size === 0) return noSigner(signers)
  if (held !== undefined && isSubset(signers.persons, held))
    return ignore('already-held', 'no new valid signer')
  return accept(toVerified(id, action, envelope, signers))
}

/** The union of two copies of one action: one signature a person, at most eight (protocol 2.4). */
export function mergeSignatures(a: VerifiedAction, b: VerifiedAction): VerifiedAction {
  if (a.id !== b.id) throw new RangeError(`actions ${a.id} and ${b.id} are not one`)
  const kept = new Map<PersonName, Uint8Array>()
  const signingKeys = new Map<PersonName, Fingerprint>()
  for (const copy of [a, b]) {
    let position = 0
    for (const [person, key] of copy.signingKeys) {
      const signature = copy.envelope.signatures[position++]
      if (signature === undefined || kept.has(person) || kept.size === maxSignatures) continue
      kept.set(person, signature)
      signingKeys.set(person, key)
    }
  }
  return toVerified(a.id, a.action, a.envelope, { persons: new Set(kept.keys()), kept, signingKeys })
}

function toVerified(
  id: string,
  action: Action,
  { type, body }: Envelope,
  signers: Pick<SignerSet, 'persons' | 'kept' | 'signingKeys'>,
): VerifiedAction {
  // Signatures stand in the order of signingKeys; mergeSignatures relies on it.
  const signatures = [...signers.signingKeys.keys()].map((person) => signers.kept.get(person) as Uint8Array)
  const plain = {
    id,
    action,
    body,
    signers: signers.persons,
    signingKeys: signers.signingKeys,
    envelope: { type, body, signatures },
  }
  // The one place where the proof is given: everything above has been checked.
  return plain as Omit<VerifiedAction, typeof proof> as VerifiedAction
}

function checkWindow(action: Action, now: Instant, mayBeExpired: boolean): Admission<never> | undefined {
  const seconds = clockToleranceSeconds + (mayBeExpired ? action.resultttl : 0)
  if (now > plusSeconds(action.expireafter, seconds))
    return ignore('expired', `expired at ${formatInstant(action.expireafter)}`)
  if (action.issuedat > plusSeconds(now, clockToleranceSeconds))
    return ignore('not-yet-valid', `issued in the future, at ${formatInstant(action.issuedat)}`)
  return undefined
}

/** @see docs/protocol.md 4.1: ignored, for another node may know more */
export function noSigner({ known, faults }: Pick<SignerSet, 'known' | 'faults'>): Admission<never> {
  if (faults.length === 0) return ignore('no-valid-signature', 'not signed')
  return ignore(known === 0 ? 'unknown-signer' : 'no-valid-signature', faults.join('; '))
}

function isSubset(some: ReadonlySet<PersonName>, all: ReadonlySet<PersonName>): boolean {
  return [...some].every((person) => all.has(person))
}
