import { createCipheriv, createDecipheriv, createHmac, diffieHellman, randomBytes } from 'node:crypto'
import { concat } from '../core/bytes.ts'
import { utf8 } from '../core/encoding.ts'
import { privateKey, publicKeyObject, x25519PublicKey } from './node-keys.ts'

/** Bytes that sealing adds: the ephemeral public key and the tag. */
export const hpkeOverheadBytes = 48

/** Seals one message to an X25519 key: HPKE base mode, single shot, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 *  ChaCha20-Poly1305.
 *  @param ephemeralSeed for published vectors only; one seed for two messages gives both away
 *  @returns `enc ‖ ciphertext`
 *  @throws RangeError when the recipient's key yields no secret (wrong length, small order)
 *  @see RFC 9180 6.1 */
export function hpkeSeal(
  recipientPublic: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  ephemeralSeed: Uint8Array = new Uint8Array(randomBytes(32)),
): Uint8Array {
  const enc = x25519PublicKey(ephemeralSeed)
  const secret = sharedSecret(ephemeralSeed, recipientPublic, concat([enc, recipientPublic]))
  if (secret === undefined) throw new RangeError('the recipient key is not a usable X25519 key')
  const { key, nonce } = keySchedule(secret, info)
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  return concat([enc, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Undefined when it was not sealed to this key, for this `info` and `aad`, or was altered. */
export function hpkeOpen(
  recipientSeed: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < hpkeOverheadBytes) return undefined
  const enc = sealed.subarray(0, 32)
  const secret = sharedSecret(recipientSeed, enc, concat([enc, x25519PublicKey(recipientSeed)]))
  if (secret === undefined) return undefined
  const { key, nonce } = keySchedule(secret, info)
  const ciphertext = sealed.subarray(32, -16)
  const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: ciphertext.length })
  cipher.setAuthTag(sealed.subarray(-16))
  const plaintext = cipher.update(ciphertext)
  try {
    return concat([plaintext, cipher.final()])
  } catch {
    // The tag does not fit: that is the answer, not an error.
    return undefined
  }
}

/** Can anything be sealed to this key? Not to points of small order, whose secret everybody knows.
 *  What is to be answered to another's key must be asked first: `hpkeSeal` throws. */
export function isSealable(publicKey: Uint8Array): boolean {
  return sharedSecret(probeSeed, publicKey, none) !== undefined
}

// Any seed tells: all of them are multiples of eight once clamped.
const probeSeed = new Uint8Array(32).fill(7)
const version = utf8('HPKE-v1')
const kemSuite = concat([utf8('KEM'), Uint8Array.of(0x00, 0x20)])
const suite = concat([utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03)])
const none = new Uint8Array(0)

/** RFC 9180 4.1: undefined for a point of small order, whose secret everybody knows (7.1.4). */
function sharedSecret(seed: Uint8Array, publicKey: Uint8Array, context: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== 32) return undefined
  let dh: Uint8Array
  try {
    dh = diffieHellman({
      privateKey: privateKey('x25519', seed).key,
      publicKey: publicKeyObject('x25519', publicKey),
    })
  } catch {
    return undefined
  }
  if (dh.every((byte) => byte === 0)) return undefined
  return labeledExpand(kemSuite, labeledExtract(kemSuite, none, 'eae_prk', dh), 'shared_secret', context, 32)
}

/** RFC 9180 5.1, mode base (0). */
function keySchedule(
  secret: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const context = concat([
    Uint8Array.of(0),
    labeledExtract(suite, none, 'psk_id_hash', none),
    labeledExtract(suite, none, 'info_hash', info),
  ])
  const prk = labeledExtract(suite, secret, 'secret', none)
  return {
    key: labeledExpand(suite, prk, 'key', context, 32),
    nonce: labeledExpand(suite, prk, 'base_nonce', context, 12),
  }
}

function labeledExtract(suiteId: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hmac(salt, [version, suiteId, utf8(label), ikm])
}

/** One block of HKDF-Expand is enough: `length` ≤ 32. */
function labeledExpand(
  suiteId: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hmac(prk, [
    Uint8Array.of(0, length),
    version,
    suiteId,
    utf8(label),
    info,
    Uint8Array.of(1),
  ]).subarray(0, length)
}

function hmac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}
