import { type Admission, accept, ignore, reject } from '../core/admission.ts'
import { ByteReader, concat, equalBytes, prefixed } from '../core/bytes.ts'
import type { JsonObject } from '../core/canonical-json.ts'
import { isCollector } from '../core/certificate.ts'
import { base64UrlDecode } from '../core/encoding.ts'
import { type Heartbeat, isLaterHeartbeat, parseHeartbeatBody } from '../core/heartbeat.ts'
import {
  maxHeartbeatBytes,
  maxNodeEnvelopeBytes,
  maxOtherBodyBytes,
  summarySizesBytes,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import {
  parseReceiptBody,
  parseResultBody,
  parseStatusBody,
  type Receipt,
  type Result,
  resultHash,
  type Status,
} from '../core/result.ts'
import { hpkeOverheadBytes } from './hpke.ts'
import type { VerifiedCertificate } from './membership.ts'
import { type NodeDomain, openEnvelope } from './node-envelope.ts'

/** A node-signed document whose envelope's key is certified for the peer that it names. */
export interface Signed {
  readonly wire: Uint8Array
  /** base32 SHA-256 of `wire`; a receipt for a result confirms this. */
  readonly hash: string
}

export interface NodeContext {
  readonly fleet: string
  /** The certificate that is held of this peer and holds now: neither expired nor revoked. */
  readonly certificate: (peer: PeerId) => VerifiedCertificate | undefined
}

/** Judges a result (protocol 3.8, security V76, V77): who says it, not yet what it says, which is sealed. */
export function verifyResult(
  wire: Uint8Array,
  context: NodeContext,
): Admission<Signed & { readonly result: Result }> {
  const read = readOfAgent(wire, 'mig-result', maxNodeEnvelopeBytes, parseSizedResult, context)
  return read.kind === 'accept' ? accept({ result: read.value, wire, hash: resultHash(wire) }) : read
}

export function verifyStatus(
  wire: Uint8Array,
  context: NodeContext,
): Admission<Signed & { readonly status: Status }> {
  const read = readOfAgent(wire, 'mig-status', maxNodeEnvelopeBytes, parseStatusBody, context)
  return read.kind === 'accept' ? accept({ status: read.value, wire, hash: resultHash(wire) }) : read
}

/** Judges a heartbeat.
 *  @param context.last the latest that is held of a peer; what is not later is `older` (security V83) */
export function verifyHeartbeat(
  wire: Uint8Array,
  context: NodeContext & { readonly last?: (peer: PeerId) => Pick<Heartbeat, 'boot' | 'seq'> | undefined },
): Admission<Signed & { readonly heartbeat: Heartbeat }> {
  const read = readOfAgent(wire, 'mig-heartbeat', maxHeartbeatBytes, parseHeartbeatBody, context)
  if (read.kind !== 'accept') return read
  const heartbeat = read.value
  const last = context.last?.(heartbeat.peerid)
  if (last !== undefined && !isLaterHeartbeat(heartbeat, last)) {
    return ignore('older', `beat ${heartbeat.boot}/${heartbeat.seq}, ${last.boot}/${last.seq} is held`)
  }
  return accept({ heartbeat, wire, hash: resultHash(wire) })
}

/** Judges a receipt: only a collector's counts, or results would be given up early (security V82). */
export function verifyReceipt(
  wire: Uint8Array,
  context: NodeContext,
): Admission<Signed & { readonly receipt: Receipt }> {
  const read = readSigned(wire, 'mig-receipt', maxNodeEnvelopeBytes, parseReceiptBody, context)
  if (read.kind !== 'accept') return read
  const receipt = read.value.document
  const refused = certified(read.value, { peerid: receipt.collector }, undefined, context)
  if (refused !== undefined) return refused
  const role = context.certificate(receipt.collector)?.certificate.role
  if (role === undefined || !isCollector(role))
    return ignore('wrong-role', `${receipt.collector} is not a collector`)
  return accept({ receipt, wire, hash: resultHash(wire) })
}

/** A signed document with its signer's certificate beside it (protocol 1.4): `prefixed(certificate) ‖ prefixed(envelope)`,
 *  the first empty when there is none. */
export function encodeWithCertificate(
  certificateWire: Uint8Array | undefined,
  envelopeWire: Uint8Array,
): Uint8Array {
  return concat([prefixed(certificateWire ?? new Uint8Array(0)), prefixed(envelopeWire)])
}

const maxPairBytes = maxOtherBodyBytes + maxNodeEnvelopeBytes

/** Undefined when the bytes are not such a pair.
 *  @param maxBytes for the whole */
export function decodeWithCertificate(
  wire: Uint8Array,
  maxBytes: number = maxPairBytes,
): { readonly certificateWire: Uint8Array | undefined; readonly envelopeWire: Uint8Array } | undefined {
  if (wire.length > maxBytes) return undefined
  const reader = new ByteReader(wire)
  const certificate = reader.prefixed(maxOtherBodyBytes)
  const envelope = reader.prefixed(maxNodeEnvelopeBytes)
  if (certificate === undefined || envelope === undefined || envelope.length === 0 || !reader.done)
    return undefined
  return { certificateWire: certificate.length === 0 ? undefined : certificate, envelopeWire: envelope }
}

interface Read<T> {
  readonly signer: Uint8Array
  readonly document: T
}

/** What a node says of itself: it names the serial of the certificate whose answer key signs it. */
function readOfAgent<T extends { readonly peerid: PeerId; readonly serial: number }>(
  wire: Uint8Array,
  domain: NodeDomain,
  maxBytes: number,
  parse: (value: JsonObject) => T | string,
  context: NodeContext,
): Admission<T> {
  const read = readSigned(wire, domain, maxBytes, parse, context)
  if (read.kind !== 'accept') return read
  const { document } = read.value
  return certified(read.value, document, document.serial, context) ?? accept(document)
}

/** P4.1: what the bytes alone tell. */
function readSigned<T extends object>(
  wire: Uint8Array,
  domain: NodeDomain,
  maxBytes: number,
  parse: (value: JsonObject) => T | string,
  { fleet }: NodeContext,
): Admission<Read<T>> {
  const opened = openEnvelope(domain, wire, maxBytes)
  if ('fault' in opened) {
    if (opened.fault === 'unsupported') return ignore('unsupported', `not a ${domain}`)
    return reject(opened.fault, `not a signed ${domain}`)
  }
  const theirs = opened.value.fleet
  if (typeof theirs === 'string' && theirs !== fleet)
    return reject('wrong-fleet', `of fleet ${theirs.slice(0, 52)}`)
  const document = parse(opened.value)
  return typeof document === 'string'
    ? ignore('bad-schema', document)
    : accept({ signer: opened.signer, document })
}

/** P2.3: the envelope's key must be the *certified* answer key, under the serial that is held. Undefined when it is. */
function certified(
  { signer }: { readonly signer: Uint8Array },
  { peerid }: { readonly peerid: PeerId },
  serial: number | undefined,
  context: NodeContext,
): Admission<never> | undefined {
  const held = context.certificate(peerid)
  if (held === undefined) return ignore('not-a-member', `no certificate of ${peerid}`)
  const ours = held.certificate.serial
  if (serial !== undefined && serial < ours)
    return ignore('older', `signed under serial ${serial} of ${peerid}, ${ours} is held`)
  // A later certificate exists: sync brings it, and this again.
  if (serial !== undefined && serial > ours)
    return ignore('unknown-signer', `serial ${serial} of ${peerid} is not known, ${ours} is held`)
  if (!equalBytes(held.certificate.answerkey, signer))
    return ignore('unknown-signer', `not signed by the answer key of ${peerid}`)
  return undefined
}

/** P3.8: one size for all. Another size would tell who matched. */
function parseSizedResult(value: JsonObject): Result | string {
  const result = parseResultBody(value)
  if (typeof result === 'string') return result
  const bytes = base64UrlDecode(result.sealed)
  if (bytes === undefined) return 'sealed: expected base64url'
  const size = bytes.length - hpkeOverheadBytes
  return summarySizesBytes.some((known) => known === size)
    ? result
    : `sealed: ${size} bytes is no size of a summary`
}
