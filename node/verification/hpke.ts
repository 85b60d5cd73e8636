import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { concat } from '../core/bytes.ts'
import { utf8 } from '../core/encoding.ts'
import { privateKey, publicBytesOf, publicKeyObject } from './node-keys.ts'

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
  ephemeralSeed?: Uint8Array,
): Uint8Array {
  const ephemeral = ephemeralSeed === undefined ? freshKey() : privateKey('x25519', ephemeralSeed)
  const enc = ephemeral.publicBytes
  const secret = sharedSecret(ephemeral.key, recipientPublic, concat([enc, recipientPublic]))
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
  const recipient = privateKey('x25519', recipientSeed)
  const secret = sharedSecret(recipient.key, enc, concat([enc, recipient.publicBytes]))
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
  return sharedSecret(privateKey('x25519', probeSeed).key, publicKey, none) !== undefined
}

// Any seed tells: all of them are multiples of eight once clamped.
const probeSeed = new Uint8Array(32).fill(7)
const version = utf8('HPKE-v1')
const kemSuite = concat([utf8('KEM'), Uint8Array.of(0x00, 0x20)])
const suite = concat([utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03)])
const none = new Uint8Array(0)

function freshKey(): { readonly key: KeyObject; readonly publicBytes: Uint8Array } {
  const { publicKey, privateKey: key } = generateKeyPairSync('x25519')
  return { key, publicBytes: publicBytesOf(publicKey) }
}

/** RFC 9180 4.1: undefined for a point of small order, whose secret everybody knows. */
function sharedSecret(own: KeyObject, publicKey: Uint8Array, context: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== 32) return undefined
  let dh: Uint8Array
  try {
    dh = diffieHellman({
      privateKey: own,
      publicKey: publicKeyObject('x25519', publicKey),
    })
  } catch {
    return undefined
  }
  // OpenSSL refuses these already; RFC 9180 7.1.4 does not leave it to the library.
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
