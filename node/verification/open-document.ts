import { type Admission, accept, ignore, reject } from '../core/admission.ts'
import { describeFault, type JsonObject, parseCanonical } from '../core/canonical-json.ts'
import { decodeEnvelope, type Envelope, maxBodyBytes, type PayloadType } from '../core/envelope.ts'
import { maxSignatureBytes, maxSignatures } from '../core/limits.ts'

export interface OpenDocument {
  readonly envelope: Envelope
  /** What the body says; its bytes have been found canonical. */
  readonly value: JsonObject
}

/** The first steps of every admission: size, decodable, type, canonical. No key and no clock is needed, so every honest node agrees.
 *  @see docs/protocol.md 4.1 */
export function openDocument(wire: Uint8Array, type: PayloadType): Admission<OpenDocument> {
  if (wire.length > maxBodyBytes(type) + maxSignatures * (maxSignatureBytes + 8) + 128)
    return reject('too-large', `${wire.length} bytes`)
  const envelope = decodeEnvelope(wire)
  if (envelope === 'too-large' || envelope === 'not-decodable') return reject(envelope, 'not an envelope')
  if (envelope === 'too-many-signatures') return ignore(envelope, `more than ${maxSignatures} signatures`)
  if (envelope === 'unsupported' || envelope.type !== type)
    return ignore('unsupported', `expected a document of type ${type}`)
  const parsed = parseCanonical(envelope.body, maxBodyBytes(type))
  if (parsed.kind === 'ok') return accept({ envelope, value: parsed.value })
  const detail = describeFault(parsed.fault)
  switch (parsed.fault.code) {
    case 'too-large':
      return reject('too-large', detail)
    case 'not-utf8':
    case 'not-json':
      return reject('not-decodable', detail)
    case 'not-canonical':
    case 'bad-value':
    case 'too-deep':
      return reject('not-canonical', detail)
  }
}

/** A document of another fleet is refused before anything else in it is looked at; one that names none has no schema. */
export function checkFleet(value: JsonObject, fleet: string): Admission<never> | undefined {
  if (value.fleet === fleet) return undefined
  return typeof value.fleet === 'string'
    ? reject('wrong-fleet', 'signed for another fleet')
    : ignore('bad-schema', 'fleet: expected a document id')
}

/** @param field the one that holds the version */
export function checkVersion(
  value: JsonObject,
  field: 'v' | 'syntaxversion',
  version: number,
): Admission<never> | undefined {
  const found = value[field]
  if (found === version) return undefined
  return Number.isInteger(found)
    ? ignore('unsupported', `${field} ${String(found)} is not supported`)
    : ignore('bad-schema', `${field}: expected ${version}`)
}
