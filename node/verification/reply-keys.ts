import { createPrivateKey, createPublicKey } from 'node:crypto'
import { createMessage, encrypt } from 'openpgp'
import type { PersonName } from '../core/acl.ts'
import { concat, equalBytes } from '../core/bytes.ts'
import type { Instant } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { maxReaders, maxReplyKeyBytes } from '../core/limits.ts'
import type { PgpKey } from './keyring.ts'
import { pgpConfig } from './pgp-config.ts'
import type { Signer } from './signer.ts'

/** Encrypts the private half of an action's reply key to its readers, for `replykeys` beside the signatures (protocol 3.4).
 *  @param privateKey 32 bytes, X25519
 *  @param now default: the system's clock
 *  @throws MigError `bad-key` naming whoever could not read it */
export async function sealReplyKey(
  privateKey: Uint8Array,
  readers: readonly PgpKey[],
  now: Instant = Date.now() as Instant,
): Promise<Uint8Array> {
  if (privateKey.length !== 32) throw new RangeError('an X25519 private key has 32 bytes')
  if (readers.length === 0 || readers.length > maxReaders)
    throw new MigError('bad-input', `expected 1 to ${maxReaders} readers, got ${readers.length}`)
  const without = await readersWithout(readers, now)
  if (without.length > 0) {
    throw new MigError('bad-key', `${without.join(', ')} cannot read: no key that can be encrypted to`, {
      hint: 'add an encryption subkey (gpg --quick-add-key FINGERPRINT cv25519 encr) and publish it in the policy, or narrow the readers',
    })
  }
  const message = await createMessage({ binary: privateKey })
  return encrypt({
    message,
    encryptionKeys: readers.map(({ key }) => key),
    format: 'binary',
    date: new Date(now),
    config: pgpConfig,
  })
}

/** Who among these keys' owners would be unable to read. */
export async function readersWithout(
  readers: readonly PgpKey[],
  now: Instant = Date.now() as Instant,
): Promise<PersonName[]> {
  const able = await Promise.all(readers.map((reader) => reader.canEncrypt(now)))
  return readers.filter((_, i) => able[i] !== true).map(({ person }) => person)
}

/** Opens what `sealReplyKey` made.
 *  @param x25519 the public half that the action's signed `replyto` holds: a private key that does not yield it is somebody else's
 *  @throws MigError `bad-key`, and what the signer throws */
export async function openReplyKey(
  encrypted: Uint8Array,
  signer: Signer,
  x25519?: Uint8Array,
): Promise<Uint8Array> {
  if (encrypted.length > maxReplyKeyBytes)
    throw new MigError(
      'too-large',
      `expected a reply key of at most ${maxReplyKeyBytes} bytes, got ${encrypted.length}`,
    )
  const privateKey = await signer.decrypt(encrypted)
  if (privateKey.length !== 32)
    throw new MigError('bad-key', `expected a reply key of 32 bytes, got ${privateKey.length}`)
  if (x25519 !== undefined && !equalBytes(publicHalf(privateKey), x25519))
    throw new MigError('bad-key', 'the reply key is not the one that the action names')
  return privateKey
}

/** RFC 8410: `SEQUENCE { 0, { 1.3.101.110 }, OCTET STRING { OCTET STRING } }` up to the 32 bytes. */
const pkcs8Prefix = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x6e,
  0x04,
  0x22,
  0x04,
  0x20,
)

function publicHalf(privateKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({
    key: Buffer.from(concat([pkcs8Prefix, privateKey])),
    format: 'der',
    type: 'pkcs8',
  })
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}
