import { createMessage, decrypt, type PrivateKey, readMessage, sign } from 'openpgp'
import type { Instant } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { exportCertificate, type KeyFile, readOnePrivateKey, unlock } from './key-store.ts'
import { pgpConfig } from './pgp-config.ts'
import type { Signer } from './signer.ts'

/** A signer over an encrypted key file, for where there is no gpg. The passphrase is asked for when it is first needed;
 *  the opened key lives in this object and nowhere else.
 *  @param options `now`: the clock that signatures are dated by; default the system's */
export function createKeyFileSigner(
  file: KeyFile,
  options: {
    readonly askPassphrase: (fingerprint: Fingerprint) => Promise<string>
    readonly now?: () => Instant
  },
): Signer {
  let opened: Promise<PrivateKey> | undefined
  const open = (): Promise<PrivateKey> => {
    opened ??= (async () =>
      unlock(await readOnePrivateKey(file.armored), await options.askPassphrase(file.fingerprint)))().catch(
      (error: unknown) => {
        // A mistyped passphrase is asked for again.
        opened = undefined
        throw error
      },
    )
    return opened
  }
  const date = () => new Date(options.now?.() ?? Date.now())
  return {
    fingerprint: file.fingerprint,
    describe: `key file ${file.path}`,
    publicCertificate: () => exportCertificate(file),
    sign: async (bytes) => {
      const signingKeys = await open()
      const message = await createMessage({ binary: bytes })
      try {
        return await sign({
          message,
          signingKeys,
          detached: true,
          format: 'binary',
          date: date(),
          config: pgpConfig,
        })
      } catch (error) {
        throw new MigError('bad-key', `key ${file.fingerprint} cannot sign: ${messageOf(error)}`, {
          cause: error,
        })
      }
    },
    decrypt: async (bytes) => {
      const decryptionKeys = await open()
      try {
        const message = await readMessage({ binaryMessage: bytes, config: pgpConfig })
        const { data } = await decrypt({
          message,
          decryptionKeys,
          format: 'binary',
          date: date(),
          config: pgpConfig,
        })
        return data as Uint8Array
      } catch (error) {
        throw new MigError(
          'bad-key',
          `key ${file.fingerprint} cannot open the message: ${messageOf(error)}`,
          { cause: error },
        )
      }
    },
  }
}
