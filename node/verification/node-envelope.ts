import { ByteReader, concat, equalBytes, prefixed } from '../core/bytes.ts'
import {
  type CanonicalFault,
  canonicalBytes,
  type JsonObject,
  parseCanonical,
} from '../core/canonical-json.ts'
import { utf8 } from '../core/encoding.ts'
import { maxNodeEnvelopeBytes } from '../core/limits.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from './node-keys.ts'

/** What a node's own key signs. The domain is part of what is signed: a receipt is never a result (protocol 2.3). */
export type NodeDomain = 'mig-result' | 'mig-status' | 'mig-heartbeat' | 'mig-receipt'

/** Who signed, and what. The key is valid, no more: whether it is *certified* is for the caller to ask. */
export interface OpenedEnvelope {
  readonly signer: Uint8Array
  readonly value: JsonObject
}

/** `unsupported`: well formed, but of a payload type that is not this domain's. All others any honest node would refuse. */
export interface NodeEnvelopeFault {
  readonly fault: 'too-large' | 'not-decodable' | 'unsupported' | 'bad-envelope' | 'not-canonical'
}

/** Makes a libp2p signed envelope around the canonical bytes of a body.
 *  @throws TypeError when the body breaks the restricted shape (protocol 2.2)
 *  @see RFC 0002 of libp2p */
export function sealEnvelope(domain: NodeDomain, body: object, seed: Uint8Array): Uint8Array {
  const payload = canonicalBytes(body)
  return concat([
    field(1, concat([keyHeader, ed25519PublicKey(seed)])),
    field(2, utf8(domain)),
    field(3, payload),
    field(5, ed25519Sign(seed, signedBytes(domain, payload))),
  ])
}

/** Reads an envelope of one domain: bounded, each field once and in order, Ed25519 only, payload canonical.
 *  One signed content therefore has one wire form and one hash. */
export function openEnvelope(
  domain: NodeDomain,
  wire: Uint8Array,
  maxBytes: number = maxNodeEnvelopeBytes,
): OpenedEnvelope | NodeEnvelopeFault {
  if (wire.length > maxBytes) return { fault: 'too-large' }
  const reader = new ByteReader(wire)
  const key = takeField(reader, 1)
  const type = takeField(reader, 2)
  const payload = takeField(reader, 3)
  const signature = takeField(reader, 5)
  if (key === undefined || type === undefined || payload === undefined || signature === undefined)
    return { fault: 'not-decodable' }
  if (!reader.done) return { fault: 'not-decodable' }
  // Any other key type has no place here, whatever it signed (security V81).
  if (key.length !== keyHeader.length + 32 || !equalBytes(key.subarray(0, keyHeader.length), keyHeader))
    return { fault: 'bad-envelope' }
  if (!equalBytes(type, utf8(domain))) return { fault: 'unsupported' }
  const signer = Uint8Array.from(key.subarray(keyHeader.length))
  if (!ed25519Verify(signer, signedBytes(domain, payload), signature)) return { fault: 'bad-envelope' }
  const parsed = parseCanonical(payload, maxBytes)
  return parsed.kind === 'ok' ? { signer, value: parsed.value } : { fault: bodyFault(parsed.fault) }
}

/** How a body that is not canonical JSON is refused (security V06–V13). */
export function bodyFault(fault: CanonicalFault): 'too-large' | 'not-decodable' | 'not-canonical' {
  if (fault.code === 'too-large') return 'too-large'
  return fault.code === 'not-utf8' || fault.code === 'not-json' ? 'not-decodable' : 'not-canonical'
}

/** Protobuf PublicKey { 1 type: Ed25519, 2 data: 32 bytes }. */
const keyHeader = Uint8Array.of(0x08, 0x01, 0x12, 0x20)

function signedBytes(domain: NodeDomain, payload: Uint8Array): Uint8Array {
  const name = utf8(domain)
  return concat([prefixed(name), prefixed(name), prefixed(payload)])
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((number << 3) | 2), prefixed(bytes)])
}

function takeField(reader: ByteReader, number: number): Uint8Array | undefined {
  return reader.uvarint() === ((number << 3) | 2) ? reader.prefixed(maxNodeEnvelopeBytes) : undefined
}
