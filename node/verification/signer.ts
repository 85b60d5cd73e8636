import type { Fingerprint } from '../core/fingerprint.ts'

/** The port for a person's private key: gpg, a smartcard behind it, or an encrypted key file. The key itself never comes out. */
export interface Signer {
  /** Primary key. */
  readonly fingerprint: Fingerprint
  /** Where the key lives, in words for the person who will be asked for its passphrase. */
  readonly describe: string
  /** One binary detached OpenPGP signature packet over exactly these bytes.
   *  @throws MigError `bad-passphrase`, `cancelled`, `gpg-failed` or `bad-key` */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** Opens a binary OpenPGP message that was encrypted to this key.
   *  @throws MigError `bad-passphrase`, `cancelled`, `gpg-failed` or `bad-key` */
  decrypt(bytes: Uint8Array): Promise<Uint8Array>
  /** Normalised, binary. */
  publicCertificate(): Promise<Uint8Array>
}
