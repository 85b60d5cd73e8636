import { readKey } from 'openpgp'
import type { Instant } from '../core/clock.ts'
import { formatInstant } from '../core/instant.ts'
import { readCertificate } from './keyring.ts'
import { pgpConfig } from './pgp-config.ts'

/** What a key can do at a time. */
export interface KeyFacts {
  readonly canSign: boolean
  /** A gpg sign-only key cannot be encrypted to. */
  readonly canEncrypt: boolean
  /** `YYYY-MM-DDTHH:MM:SSZ`; undefined when the key never expires. */
  readonly expires: string | undefined
}

/** @param certificate public key, armored or binary
 *  @throws MigError `bad-key` */
export async function keyFacts(certificate: Uint8Array | string, now: Instant): Promise<KeyFacts> {
  const { binary } = await readCertificate(certificate)
  const key = await readKey({ binaryKey: binary, config: pgpConfig })
  const date = new Date(now)
  const holds = (check: Promise<unknown>) =>
    check.then(
      () => true,
      () => false,
    )
  const expires = await key.getExpirationTime(undefined, pgpConfig)
  return {
    canSign: await holds(key.getSigningKey(undefined, date, undefined, pgpConfig)),
    canEncrypt: await holds(key.getEncryptionKey(undefined, date, undefined, pgpConfig)),
    expires: expires instanceof Date ? formatInstant(expires.getTime() as Instant) : undefined,
  }
}

/** A public key as text, to be sent to others. */
export async function armorCertificate(certificate: Uint8Array): Promise<string> {
  return (await readKey({ binaryKey: certificate, config: pgpConfig })).armor(pgpConfig)
}
