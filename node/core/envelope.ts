import { createHash } from 'node:crypto'
import { ByteReader, concat, prefixed, uvarint } from './bytes.ts'
import { base32Encode, utf8, utf8Decode } from './encoding.ts'
import {
  maxActionBytes,
  maxOtherBodyBytes,
  maxPolicyBytes,
  maxSignatureBytes,
  maxSignatures,
  maxTypeBytes,
} from './limits.ts'

/** What can be signed with PGP or an invite key (protocol 2.1). */
export const payloadTypes = [
  'mig.action.v3',
  'mig.cancel.v1',
  'mig.policy.v1',
  'mig.root.v1',
  'mig.invite.v1',
  'mig.certificate.v1',
] as const
export type PayloadType = (typeof payloadTypes)[number]

/** A document with its signatures. `body` is the exact bytes that were signed; it is never rebuilt from what was parsed. */
export interface Envelope {
  readonly type: PayloadType
  readonly body: Uint8Array
  /** Detached signatures over `preAuthEncoding(type, body)`; not part of the identity. */
  readonly signatures: readonly Uint8Array[]
}

/** `"MIG1" SP len(type) SP type SP len(body) SP body`: what exactly is signed.
 *  Lengths are decimal ASCII byte counts, so that no two documents share one encoding.
 *  @see docs/protocol.md 2.1; DSSE */
export function preAuthEncoding(type: string, body: Uint8Array): Uint8Array {
  const typeBytes = utf8(type)
  return concat([utf8(`MIG1 ${typeBytes.length} `), typeBytes, utf8(` ${body.length} `), body])
}

/** base32 of SHA-256 of what is signed: 52 characters. An action's id, a policy's hash, a fleet's name (protocol 1.1, 2.4). */
export function documentId(document: { readonly type: PayloadType; readonly body: Uint8Array }): string {
  return base32Encode(createHash('sha256').update(preAuthEncoding(document.type, document.body)).digest())
}

export function isDocumentId(text: string): boolean {
  return /^[a-z2-7]{51}[aq]$/.test(text)
}

export function maxBodyBytes(type: PayloadType): number {
  if (type === 'mig.action.v3') return maxActionBytes
  return type === 'mig.policy.v1' || type === 'mig.root.v1' ? maxPolicyBytes : maxOtherBodyBytes
}

const magic = utf8('MIGE\u0001')

/** Wire form: `"MIGE" 0x01 ‖ type ‖ body ‖ uvarint(count) ‖ signature…`, each part with its length before it. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return concat([
    magic,
    prefixed(utf8(envelope.type)),
    prefixed(envelope.body),
    uvarint(envelope.signatures.length),
    ...envelope.signatures.map(prefixed),
  ])
}

export type EnvelopeFault = 'not-decodable' | 'too-large' | 'too-many-signatures' | 'unsupported'

/** Reads the wire form without looking into the body. `expected` bounds what the caller is ready to take. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | EnvelopeFault {
  const reader = new ByteReader(bytes)
  const start = reader.take(magic.length)
  if (start === undefined || !start.every((byte, i) => byte === magic[i])) return 'not-decodable'
  const typeBytes = reader.prefixed(maxTypeBytes)
  const typeText = typeBytes === undefined ? undefined : utf8Decode(typeBytes)
  if (typeText === undefined) return 'not-decodable'
  const type = payloadTypes.find((known) => known === typeText)
  if (type === undefined) return 'unsupported'
  const length = reader.uvarint()
  if (length === undefined) return 'not-decodable'
  if (length > maxBodyBytes(type)) return 'too-large'
  const body = reader.take(length)
  const count = reader.uvarint()
  if (body === undefined || count === undefined) return 'not-decodable'
  if (count > maxSignatures) return 'too-many-signatures'
  const signatures: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const signature = reader.prefixed(maxSignatureBytes)
    if (signature === undefined) return 'not-decodable'
    signatures.push(signature)
  }
  return reader.done ? { type, body, signatures } : 'not-decodable'
}
