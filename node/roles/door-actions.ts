import { createHash } from 'node:crypto'
import { type Admission, accept, ignore } from '../core/admission.ts'
import { isCollector } from '../core/certificate.ts'
import { encodeEnvelope } from '../core/envelope.ts'
import * as keys from '../store/keyspace.ts'
import { mergeSignatures, verifyAction } from '../verification/verify-action.ts'
import { verifyCancel } from '../verification/verify-cancel.ts'
import type { DoorContext, Entered, Source } from './door-context.ts'

export async function enterAction(
  context: DoorContext,
  bytes: Uint8Array,
  source: Source,
): Promise<Admission<Entered>> {
  const { ledger, shelf, fleet, clock } = context
  const { policy } = ledger
  if (policy === undefined) return ignore('no-policy', 'no policy yet')
  const verdict = await verifyAction(bytes, {
    fleet,
    policy,
    now: clock.now(),
    heldSigners: (id) => ledger.actions.get(id)?.signers,
    mayBeExpired: mayBeExpired(context, source),
  })
  if (verdict.kind !== 'accept') return verdict
  const held = ledger.actions.get(verdict.value.id)
  const action = held === undefined ? verdict.value : mergeSignatures(held, verdict.value)
  const key = keys.action(action.id)
  // The mark changes when the union of signers grows: that is what makes it travel again (protocol 2.4).
  const version = [...action.signers].sort().join('\n')
  await shelf.put(
    { kind: 'action', key, version: shortVersion(version), bytes: encodeEnvelope(action.envelope) },
    { sync: true },
  )
  ledger.actions.set(action.id, action)
  return accept({ kind: 'action', key, actionId: action.id })
}

/** P4.1: answers may still come, or wait here to be carried on. Nobody runs it. */
function mayBeExpired(context: DoorContext, { via, peer }: Source): boolean {
  if (via === 'gossip') return false
  return isCollector(context.role) || via === 'disk' || (peer !== undefined && context.carriesFor(peer))
}

export async function enterCancel(context: DoorContext, bytes: Uint8Array): Promise<Admission<Entered>> {
  const { ledger, shelf, fleet, clock } = context
  const { policy } = ledger
  if (policy === undefined) return ignore('no-policy', 'no policy yet')
  const verdict = await verifyCancel(bytes, { fleet, policy, now: clock.now() })
  if (verdict.kind !== 'accept') return verdict
  const cancel = verdict.value
  const { actionid } = cancel.cancel
  const held = ledger.cancels.get(actionid) ?? []
  if (held.some((other) => other.person === cancel.person)) return ignore('already-held', 'cancel')
  const key = keys.cancel(actionid, cancel.fingerprint)
  await shelf.put({ kind: 'cancel', key, version: '', bytes }, { sync: true })
  ledger.cancels.set(actionid, [...held, cancel])
  return accept({ kind: 'cancel', key, actionId: actionid })
}

function shortVersion(signers: string): string {
  // The shelf bounds a version; names of eight people may be longer than that.
  return createHash('sha256').update(signers).digest('hex').slice(0, 32)
}
