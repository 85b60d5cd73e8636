import { equalBytes } from '../../node/core/bytes.ts'
import {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  type PayloadType,
  preAuthEncoding,
} from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import type { Signer } from '../../node/verification/signer.ts'

/** Signs a document with each of these keys.
 *  @returns the wire form */
export async function signDocument(
  type: PayloadType,
  body: Uint8Array,
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const signatures: Uint8Array[] = []
  // One after the other: each may ask its person for a passphrase.
  for (const signer of signers) signatures.push(await signer.sign(preAuthEncoding(type, body)))
  return encodeEnvelope({ type, body, signatures })
}

/** Adds a signature to what others have signed; the bytes that are signed stay as they are. */
export async function addSignature(envelope: Envelope, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(preAuthEncoding(envelope.type, envelope.body))
  const others = envelope.signatures.filter((other) => !equalBytes(other, signature))
  return encodeEnvelope({ ...envelope, signatures: [...others, signature] })
}

/** @throws MigError `bad-policy` */
export function readEnvelope(wire: Uint8Array, type: PayloadType, path: string): Envelope {
  const envelope = decodeEnvelope(wire)
  if (typeof envelope === 'string') throw new MigError('bad-policy', `${path} cannot be read: ${envelope}`)
  if (envelope.type !== type) throw new MigError('bad-policy', `${path} is a ${envelope.type}, not a ${type}`)
  return envelope
}
