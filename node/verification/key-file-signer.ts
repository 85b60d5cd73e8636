import { createMessage, decrypt, type PrivateKey, readMessage, sign } from 'openpgp'
import type { Instant } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import type { Fingerprint } from '../core/fingerprint.ts'
import { exportCertificate, type KeyFile, readOnePrivateKey, unlock, unlockSigning } from './key-store.ts'
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
  let asked: Promise<string> | undefined
  const ask = (): Promise<string> => {
    asked ??= options.askPassphrase(file.fingerprint)
    return asked
  }
  const once = (
    open: (key: PrivateKey, passphrase: string) => Promise<PrivateKey>,
  ): (() => Promise<PrivateKey>) => {
    let opened: Promise<PrivateKey> | undefined
    return () => {
      opened ??= (async () => open(await readOnePrivateKey(file.armored), await ask()))().catch(
        (error: unknown) => {
          // A mistyped passphrase is asked for again.
          opened = undefined
          asked = undefined
          throw error
        },
      )
      return opened
    }
  }
  const openSigning = once(unlockSigning)
  const openWhole = once(unlock)
  const date = () => new Date(options.now?.() ?? Date.now())
  return {
    fingerprint: file.fingerprint,
    describe: `key file ${file.path}`,
    publicCertificate: () => exportCertificate(file),
    sign: async (bytes) => {
      const signingKeys = await openSigning()
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
      const decryptionKeys = await openWhole()
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
