import { base58Decode, base58Encode } from './encoding.ts'

/** A node's id: base58btc of the identity multihash of its Ed25519 public key, as libp2p prints it (`12D3KooW…`). */
export type PeerId = string & { readonly brand: 'PeerId' }

/** identity multihash (0x00, 36 bytes), protobuf PublicKey { type: Ed25519 (08 01), data: 32 bytes (12 20) }.
 *  @see https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md */
const header = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

export function peerIdOf(ed25519PublicKey: Uint8Array): PeerId {
  if (ed25519PublicKey.length !== 32) throw new RangeError('an Ed25519 public key has 32 bytes')
  const bytes = new Uint8Array(header.length + 32)
  bytes.set(header)
  bytes.set(ed25519PublicKey, header.length)
  return base58Encode(bytes) as PeerId
}

/** Only Ed25519 peer ids are read (protocol 1.3): the key stands inside the id. Undefined for anything else. */
export function parsePeerId(text: string): PeerId | undefined {
  return publicKeyOf(text) === undefined ? undefined : (text as PeerId)
}

/** Every document names peers, and base58 costs 20 µs: what was read once is remembered. */
const known = new Map<string, Uint8Array>()
const maxKnown = 20_000

/** The Ed25519 public key inside a peer id. */
export function publicKeyOf(text: string): Uint8Array | undefined {
  if (text.length !== 52) return undefined
  const held = known.get(text)
  if (held !== undefined) return held
  const key = decode(text)
  if (key === undefined) return undefined
  if (known.size >= maxKnown) known.clear()
  known.set(text, key)
  return key
}

function decode(text: string): Uint8Array | undefined {
  const bytes = base58Decode(text)
  if (bytes === undefined || bytes.length !== header.length + 32) return undefined
  for (let i = 0; i < header.length; i++) if (bytes[i] !== header[i]) return undefined
  return bytes.subarray(header.length)
}
