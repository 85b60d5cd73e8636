import { hash } from 'node:crypto'
import { type Admission, accept, ignore } from '../core/admission.ts'
import { isCollector } from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { decodeEnvelope, documentId } from '../core/envelope.ts'
import { parseInstant } from '../core/instant.ts'
import * as keys from '../store/keyspace.ts'
import { verifyCertificate, verifyInvitation } from '../verification/membership.ts'
import { openDocument } from '../verification/open-document.ts'
import { openPolicy, openRoot, succeeds } from '../verification/trusted-policy.ts'
import { verifySignatures } from '../verification/verify-signatures.ts'
import type { DoorContext, Entered, Source } from './door-context.ts'
import { countInvited } from './invitations.ts'

export async function enterRoot(context: DoorContext, bytes: Uint8Array): Promise<Admission<Entered>> {
  const { ledger, shelf } = context
  if (ledger.root !== undefined) return ignore('already-held', 'root')
  const verdict = await openRoot(bytes, context.fleet, context.clock.now())
  if (verdict.kind !== 'accept') return verdict
  const key = keys.root(verdict.value.root.version)
  await shelf.put({ kind: 'root', key, version: verdict.value.hash, bytes }, { sync: true })
  ledger.root = verdict.value
  return accept({ kind: 'root', key })
}

export async function enterPolicy(
  context: DoorContext,
  bytes: Uint8Array,
  source: Pick<Source, 'via'>,
): Promise<Admission<Entered>> {
  const { ledger, shelf } = context
  if (ledger.root === undefined) return ignore('no-policy', 'the root of this fleet is not known yet')
  const envelope = decodeEnvelope(bytes)
  if (typeof envelope !== 'string' && ledger.policy?.hash === documentId(envelope))
    return ignore('already-held', 'policy')
  // A policy that this node took once stays in force when its signer's key expires later; a restart must not change that.
  const now = source.via === 'disk' ? (issuedAtOf(bytes) ?? context.clock.now()) : context.clock.now()
  const verdict = await openPolicy(bytes, ledger.root, context.knownModules, now)
  if (verdict.kind !== 'accept') return verdict
  const next = succeeds(ledger.policy, verdict.value)
  if (next.kind !== 'accept') return next
  const key = keys.policy(next.value.version)
  await shelf.put({ kind: 'policy', key, version: next.value.hash, bytes }, { sync: true })
  await shelf.remove(
    'policy',
    shelf.keys('policy').filter((other) => other !== key),
  )
  ledger.policy = next.value
  context.log('policy', { version: next.value.version, hash: next.value.hash })
  return accept({ kind: 'policy', key })
}

export async function enterInvitation(context: DoorContext, bytes: Uint8Array): Promise<Admission<Entered>> {
  const { ledger, shelf, fleet } = context
  const { policy } = ledger
  if (policy === undefined) return ignore('no-policy', 'no policy yet')
  const envelope = decodeEnvelope(bytes)
  if (typeof envelope !== 'string' && ledger.invitations.has(documentId(envelope)))
    return ignore('already-held', 'invitation')
  const now = context.clock.now()
  const verdict = await verifyInvitation(bytes, {
    fleet,
    now,
    signedBy: async (document, window) =>
      (await verifySignatures(document, policy.keyring, { ...window, now: earlier(now, window.expireAfter) }))
        .persons,
    mayEnrol: policy.mayEnrol,
    isRevoked: (id) => policy.policy.revoked.invitations.includes(id),
  })
  if (verdict.kind !== 'accept') return verdict
  const key = keys.invitation(verdict.value.id)
  await shelf.put({ kind: 'invitation', key, version: '', bytes }, { sync: false })
  ledger.invitations.set(verdict.value.id, verdict.value)
  return accept({ kind: 'invitation', key })
}

export async function enterCertificate(context: DoorContext, bytes: Uint8Array): Promise<Admission<Entered>> {
  const { ledger, shelf, fleet } = context
  // It travels with every answer; the bytes that are held need no second judgement.
  const digest = hashOf(bytes)
  if (ledger.certificateHashes.has(digest)) return ignore('already-held', 'certificate')
  const verdict = verifyCertificate(bytes, {
    fleet,
    now: context.clock.now(),
    invitation: (id) => ledger.invitations.get(id),
    held: (peer) => ledger.certificates.get(peer),
    isRevokedPeer: (peer) => ledger.policy?.policy.revoked.peers.includes(peer) ?? false,
  })
  if (verdict.kind !== 'accept') return verdict
  const { certificate, peer } = verdict.value
  const key = keys.certificate(peer)
  const before = ledger.certificates.get(peer)
  const heldOf = (invite: string) => ledger.invited.get(invite) ?? 0
  if (before !== undefined) {
    ledger.certificateHashes.delete(hashOf(before.wire))
    ledger.invited.set(before.certificate.invite, heldOf(before.certificate.invite) - 1)
  }
  ledger.certificates.set(peer, verdict.value)
  ledger.certificateHashes.add(digest)
  ledger.invited.set(certificate.invite, heldOf(certificate.invite) + 1)
  // P1.4 surplus uses are told, not refused: who came first is the newcomers' own word.
  const maxuses = ledger.invitations.get(certificate.invite)?.invitation.maxuses ?? 0
  // Counted one by one only where there can be too many: a fleet comes in by one invitation.
  const uses =
    heldOf(certificate.invite) > maxuses ? countInvited(ledger, certificate.invite, context.clock.now()) : 0
  if (uses > maxuses)
    context.log('invitation-overused', { invitation: certificate.invite, peer, uses, maxuses })
  // An agent's certificate travels with what it says; only those who collect that keep it (protocol 1.4).
  if (!isCollector(certificate.role) && !isCollector(context.role))
    return accept({ kind: 'certificate', key, peer })
  const set = isCollector(certificate.role) ? 'certificate' : 'agent-certificate'
  const written = shelf.put(
    { kind: 'certificate', set, key, version: String(certificate.serial), bytes },
    { sync: false },
  )
  return accept({ kind: 'certificate', key, peer, written })
}

/** An invitation is judged as it was while it could be used: an enroller's key that has expired since does not cast its members out.
 *  A key or a person that is revoked does. */
function earlier(now: Instant, expires: Instant | undefined): Instant {
  return expires !== undefined && expires < now ? expires : now
}

function hashOf(wire: Uint8Array): string {
  return hash('sha256', wire, 'base64')
}

function issuedAtOf(policyWire: Uint8Array): Instant | undefined {
  const opened = openDocument(policyWire, 'mig.policy.v1')
  const text = opened.kind === 'accept' ? opened.value.value.issuedat : undefined
  return typeof text === 'string' ? parseInstant(text) : undefined
}
