import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { concat, equalBytes } from '../core/bytes.ts'
import type { Random } from '../core/clock.ts'
import { base64UrlEncode, hexEncode } from '../core/encoding.ts'
import { maxCachedPublicKeys } from '../core/limits.ts'
import { type PeerId, peerIdOf } from '../core/peer-id.ts'

/** What the process that faces the network holds (protocol 1.3). */
export interface NodeKeys {
  readonly peerSeed: Uint8Array
  readonly peerId: PeerId
}

/** What only the gate process holds: Ed25519 to sign answers, X25519 to be sealed to. */
export interface GateKeys {
  readonly answerSeed: Uint8Array
  readonly answerKey: Uint8Array
  readonly sealingSeed: Uint8Array
  readonly sealingKey: Uint8Array
}

/** A 32-byte private key for Ed25519 or X25519; never one seed for both. */
export function generateSeed(random: Random): Uint8Array {
  const seed = random.bytes(32)
  if (seed.length !== 32) throw new RangeError(`expected 32 random bytes, got ${seed.length}`)
  return seed
}

export function nodeKeysOf(peerSeed: Uint8Array): NodeKeys {
  return { peerSeed, peerId: peerIdOf(ed25519PublicKey(peerSeed)) }
}

export function gateKeysOf(answerSeed: Uint8Array, sealingSeed: Uint8Array): GateKeys {
  return {
    answerSeed,
    answerKey: ed25519PublicKey(answerSeed),
    sealingSeed,
    sealingKey: x25519PublicKey(sealingSeed),
  }
}

/** @throws RangeError unless the seed has 32 bytes */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return privateKey('ed25519', seed).publicBytes
}

/** @returns 64 bytes
 *  @see RFC 8032 5.1.6 */
export function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey('ed25519', seed).key))
}

/** False for keys of the wrong length or of small order: under those, one signature fits every message. */
export function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || hasSmallOrder(publicKey)) return false
  return verify(null, message, ed25519KeyObject(publicKey), signature)
}

/** @throws RangeError unless the seed has 32 bytes */
export function x25519PublicKey(seed: Uint8Array): Uint8Array {
  return privateKey('x25519', seed).publicBytes
}

type Curve = 'ed25519' | 'x25519'

// RFC 8410: everything of PKCS #8 that stands before the 32 bytes of the key. Public keys go as JWK (RFC 8037), which
// OpenSSL 3 reads and writes ten times faster; a private JWK would need the public half that we are after.
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const pkcs8 = {
  ed25519: hex('302e020100300506032b657004220420'),
  x25519: hex('302e020100300506032b656e04220420'),
}
const names = { ed25519: 'Ed25519', x25519: 'X25519' }

interface PrivateKey {
  readonly key: KeyObject
  readonly publicBytes: Uint8Array
  /** A copy, so that a buffer that was filled anew does not go on signing with the old key. */
  readonly seed: Uint8Array
}

const privateKeys: Record<Curve, WeakMap<Uint8Array, PrivateKey>> = {
  ed25519: new WeakMap(),
  x25519: new WeakMap(),
}
const publicKeys = new Map<string, KeyObject>()

/** Node's form of a private key, and its public half; kept as long as the seed's own array lives. */
export function privateKey(curve: Curve, seed: Uint8Array): PrivateKey {
  if (seed.length !== 32) throw new RangeError(`a private key has 32 bytes, got ${seed.length}`)
  const cached = privateKeys[curve].get(seed)
  if (cached !== undefined && equalBytes(cached.seed, seed)) return cached
  const der = Buffer.from(concat([pkcs8[curve], seed]))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const made = { key, publicBytes: publicBytesOf(createPublicKey(key)), seed: Uint8Array.from(seed) }
  privateKeys[curve].set(seed, made)
  return made
}

/** Node's form of a public key of 32 bytes. */
export function publicKeyObject(curve: Curve, bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: names[curve], x: base64UrlEncode(bytes) }, format: 'jwk' })
}

/** The 32 bytes of a public key. */
export function publicBytesOf(key: KeyObject): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
}

/** Kept, since members sign again and again; bounded, since strangers choose what stands here. */
function ed25519KeyObject(bytes: Uint8Array): KeyObject {
  const name = hexEncode(bytes)
  const cached = publicKeys.get(name)
  if (cached !== undefined) return cached
  const key = publicKeyObject('ed25519', bytes)
  if (publicKeys.size >= maxCachedPublicKeys) {
    for (const oldest of publicKeys.keys()) {
      publicKeys.delete(oldest)
      break
    }
  }
  publicKeys.set(name, key)
  return key
}

// The y coordinates of the points of order 1, 2, 4 and 8, with the longer spellings of 0 and 1 (y + p); the sign bit is free.
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function hasSmallOrder(publicKey: Uint8Array): boolean {
  const y = Uint8Array.from(publicKey)
  y[31] = (y[31] ?? 0) & 0x7f
  return smallOrder.has(hexEncode(y))
}
