import { type Admission, accept, ignore, reject } from '../core/admission.ts'
import { isCollector } from '../core/certificate.ts'
import { messageOf } from '../core/error.ts'
import { isLaterHeartbeat } from '../core/heartbeat.ts'
import { maxCarried, maxNodeEnvelopeBytes, maxOtherBodyBytes } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import {
  decodeWithCertificate,
  verifyHeartbeat,
  verifyReceipt,
  verifyResult,
  verifyStatus,
} from '../verification/node-documents.ts'
import type { Load } from './carried.ts'
import { type DoorContext, type Entered, type Source, wantsAnswers } from './door-context.ts'
import { enterCertificate } from './door-members.ts'
import { membershipFault } from './ledger.ts'
import type { Shelf } from './shelf.ts'

/** Takes the signed document out of its wire form, after the certificate that travels with it has entered. */
async function unwrap(context: DoorContext, bytes: Uint8Array): Promise<Admission<Uint8Array>> {
  const parts = decodeWithCertificate(bytes, maxNodeEnvelopeBytes + maxOtherBodyBytes)
  if (parts === undefined) return reject('not-decodable', 'not a signed document of a node')
  if (parts.certificateWire !== undefined) {
    const certificate = await enterCertificate(context, parts.certificateWire)
    // Nothing waits for it: it comes again with whatever this agent says.
    if (certificate.kind === 'accept')
      certificate.value.written?.catch((error: unknown) =>
        context.log('certificate-not-kept', { error: messageOf(error) }),
      )
  }
  return accept(parts.envelopeWire)
}

const certificateOf = (context: DoorContext) => (peer: PeerId) => context.ledger.certificates.get(peer)

/** A signature outlives its signer's membership: whoever is revoked is not heard, whoever carries what it says. */
function outcast({ ledger, clock }: DoorContext, peer: PeerId): Admission<never> | undefined {
  const fault = membershipFault(ledger, peer, clock.now())
  return fault === undefined ? undefined : ignore('not-a-member', fault)
}

function loadOf(kind: Load['kind'], key: string, peer: PeerId, bytes: Uint8Array, source: Source): Load {
  return { kind, key, peer, from: source.peer, sizeBytes: bytes.length }
}

export async function enterHeartbeat(
  context: DoorContext,
  bytes: Uint8Array,
  source: Source,
): Promise<Admission<Entered>> {
  if (!wantsAnswers(context)) return ignore('wrong-role', 'this node keeps no heartbeats')
  const envelope = await unwrap(context, bytes)
  if (envelope.kind !== 'accept') return envelope
  const { fleet, shelf } = context
  const verdict = verifyHeartbeat(envelope.value, { fleet, certificate: certificateOf(context) })
  if (verdict.kind !== 'accept') return verdict
  const { heartbeat } = verdict.value
  const refused = outcast(context, heartbeat.peerid)
  if (refused !== undefined) return refused
  const key = keys.heartbeat(heartbeat.peerid)
  const entered: Entered = { kind: 'heartbeat', key, peer: heartbeat.peerid }
  if (heartbeat.peerid === context.self)
    return (await context.ownHeartbeat(bytes)) ? accept(entered) : ignore('older', 'own heartbeat')
  if (!isCollector(context.role)) {
    const isLater = source.peer !== undefined && context.neighbourHeartbeat(heartbeat, bytes, source.peer)
    return isLater ? accept(entered) : ignore('older', 'heartbeat')
  }
  const held = await shelf.get('heartbeat', key)
  const [boot, seq] = (held?.version ?? '-1.0').split('.').map(Number) as [number, number]
  if (!isLaterHeartbeat(heartbeat, { boot, seq })) return ignore('older', 'heartbeat')
  const written = shelf.put(
    { kind: 'heartbeat', key, version: `${heartbeat.boot}.${heartbeat.seq}`, bytes },
    { sync: false },
  )
  return accept({ ...entered, written })
}

export async function enterStatus(
  context: DoorContext,
  bytes: Uint8Array,
  source: Source,
): Promise<Admission<Entered>> {
  if (!wantsAnswers(context)) return ignore('wrong-role', 'agents keep no answers of others')
  const envelope = await unwrap(context, bytes)
  if (envelope.kind !== 'accept') return envelope
  const { fleet, shelf, ledger } = context
  const verdict = verifyStatus(envelope.value, { fleet, certificate: certificateOf(context) })
  if (verdict.kind !== 'accept') return verdict
  const { status } = verdict.value
  const refused = outcast(context, status.peerid)
  if (refused !== undefined) return refused
  if (!ledger.actions.has(status.actionid)) return ignore('unknown-action', status.actionid)
  const key = keys.status(status.actionid, status.peerid)
  const held = await shelf.get('status', key)
  if (held !== undefined && Number(held.version) >= status.seq) return ignore('older', 'status')
  if ((await shelf.get('result', keys.result(status.actionid, status.peerid))) !== undefined)
    return ignore('older', 'the outcome is known')
  const load = loadOf('status', key, status.peerid, bytes, source)
  const full = context.carried?.refusal(load)
  if (full !== undefined) return ignore('no-room', full)
  await shelf.put({ kind: 'status', key, version: String(status.seq), bytes }, { sync: false })
  // The outcome may have come while this was being written, and found nothing to take away.
  if ((await shelf.get('result', keys.result(status.actionid, status.peerid))) !== undefined) {
    await shelf.remove('status', [key])
    return ignore('older', 'the outcome is known')
  }
  context.carried?.took(load)
  return accept({ kind: 'status', key, actionId: status.actionid, peer: status.peerid })
}

export async function enterResult(
  context: DoorContext,
  bytes: Uint8Array,
  source: Source,
): Promise<Admission<Entered>> {
  if (!wantsAnswers(context)) return ignore('wrong-role', 'agents keep no answers of others')
  const envelope = await unwrap(context, bytes)
  if (envelope.kind !== 'accept') return envelope
  const { fleet, shelf, ledger } = context
  const verdict = verifyResult(envelope.value, { fleet, certificate: certificateOf(context) })
  if (verdict.kind !== 'accept') return verdict
  const { result, hash } = verdict.value
  const refused = outcast(context, result.peerid)
  if (refused !== undefined) return refused
  if (!ledger.actions.has(result.actionid)) {
    // Its action may come later; until then it counts for nothing (security V79).
    if (isCollector(context.role)) await context.aside.keepOrphan(result.actionid, result.peerid, bytes)
    return ignore('unknown-action', result.actionid)
  }
  const key = keys.result(result.actionid, result.peerid)
  const held = await shelf.get('result', key)
  if (held !== undefined) {
    // The first outcome stands, whatever comes after it (protocol 7.2).
    if (held.version === hash) return ignore('already-held', 'result')
    context.log('equivocation', { action: result.actionid, peer: result.peerid })
    if (isCollector(context.role)) {
      await context.aside.keepContradiction(result.actionid, result.peerid, bytes)
      context.contradicted(result.actionid, result.peerid)
    }
    return ignore('equivocation', `a second outcome of ${result.peerid}`)
  }
  const load = loadOf('result', key, result.peerid, bytes, source)
  const full = context.carried?.refusal(load)
  if (full !== undefined) return ignore('no-room', full)
  const status = keys.status(result.actionid, result.peerid)
  const mark = shelf.markOf('status', status)
  // Its mark goes in the same batch: after a crash it would be offered for ever, with nothing behind it.
  const also = [{ delete: status }, ...(mark === undefined ? [] : [{ delete: keys.mark('status', mark) }])]
  const written = shelf.put({ kind: 'result', key, version: hash, bytes }, { sync: true, also }).then(
    async () => {
      context.carried?.gone('status', status)
      if (shelf.markOf('status', status) !== undefined) await shelf.remove('status', [status])
    },
    (error: unknown) => {
      context.carried?.gone('result', key)
      throw error
    },
  )
  // What is being written takes up room already: the next one is judged meanwhile.
  context.carried?.took(load)
  return accept({ kind: 'result', key, actionId: result.actionid, peer: result.peerid, written })
}

export async function enterReceipt(context: DoorContext, bytes: Uint8Array): Promise<Admission<Entered>> {
  const { fleet, shelf, ledger } = context
  const envelope = await unwrap(context, bytes)
  if (envelope.kind !== 'accept') return envelope
  const verdict = verifyReceipt(envelope.value, { fleet, certificate: certificateOf(context) })
  if (verdict.kind !== 'accept') return verdict
  const { receipt } = verdict.value
  const refused = outcast(context, receipt.collector)
  if (refused !== undefined) return refused
  const entered: Entered = {
    kind: 'receipt',
    key: keys.receipt(receipt.actionid, receipt.peerid),
    actionId: receipt.actionid,
    peer: receipt.peerid,
  }
  if (receipt.peerid === context.self) {
    if (!(await context.ownReceipt(envelope.value))) return ignore('older', 'nothing waits for this receipt')
    // Neighbours may carry the answer still, and ask here for what ends it.
    if (!isCollector(context.role)) await keepForCarriers(shelf, entered, receipt.result, bytes)
    return accept(entered)
  }
  const action = ledger.actions.get(receipt.actionid)
  if (action === undefined) return ignore('unknown-action', receipt.actionid)
  // Any collector may hold a copy; only the origin's word ends the sending (protocol 7.2).
  if (receipt.collector !== action.action.origin)
    return ignore('not-permitted', 'not the origin of the action')
  if (!isCollector(context.role)) {
    const carried = keys.result(receipt.actionid, receipt.peerid)
    if ((await shelf.get('result', carried)) === undefined)
      return ignore('older', 'nothing is carried for it')
    await keepForCarriers(shelf, entered, receipt.result, bytes)
    await shelf.remove('result', [carried])
    const handedBy = context.carried?.gone('result', carried)
    return accept({ ...entered, ...(handedBy === undefined ? {} : { handedBy }) })
  }
  if ((await shelf.get('receipt', entered.key)) !== undefined) return ignore('already-held', 'receipt')
  const written = shelf.put(
    { kind: 'receipt', key: entered.key, version: receipt.result, bytes },
    { sync: false },
  )
  return accept({ ...entered, written })
}

/** For whoever handed the answer over, or was handed it. What is forgotten too early comes again from the origin. */
async function keepForCarriers(
  shelf: Shelf,
  { key }: Entered,
  version: string,
  bytes: Uint8Array,
): Promise<void> {
  await shelf.put({ kind: 'receipt', key, version, bytes }, { sync: false })
  const receipts = shelf.keys('receipt')
  await shelf.remove('receipt', receipts.slice(0, Math.max(0, receipts.length - maxCarried)))
}
