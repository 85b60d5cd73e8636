import { MigError } from '../core/error.ts'
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts'
import { exportGpgCertificate } from './gpg-keys.ts'
import { type GpgOptions, runGpg } from './gpg-process.ts'
import { readSignatureHeader } from './signature-packet.ts'
import type { Signer } from './signer.ts'

/** A signer whose private key stays with the user's own gpg: its keyring, its agent, a smartcard.
 *  @param fingerprint primary key
 *  @param options `subkey`: sign with exactly this subkey; without it gpg takes the newest that may sign, or the primary */
export function createGpgSigner(
  fingerprint: Fingerprint,
  options: GpgOptions & { readonly subkey?: Fingerprint },
): Signer {
  const user = options.subkey === undefined ? fingerprint : `${options.subkey}!`
  return {
    fingerprint,
    describe: `gpg key ${fingerprint}`,
    publicCertificate: () => exportGpgCertificate(fingerprint, options),
    sign: async (bytes) => {
      const args = [
        '--local-user',
        user,
        '--digest-algo',
        'SHA512',
        '--no-textmode',
        '--no-armor',
        '--output',
        '-',
        '--detach-sign',
      ]
      const { stdout } = await runGpg(args, bytes, options)
      return onlySignature(stdout)
    },
    decrypt: async (bytes) => {
      const { stdout, status } = await runGpg(
        ['--no-auto-key-retrieve', '--output', '-', '--decrypt'],
        bytes,
        options,
      )
      if (!status.some(([word]) => word === 'DECRYPTION_OKAY'))
        throw new MigError('gpg-failed', 'gpg: the message is not intact')
      return stdout
    },
  }
}

/** A `local-user` line in gpg.conf adds signatures, an option may turn them to text: nobody would accept that. */
function onlySignature(stdout: Uint8Array): Uint8Array {
  const header = readSignatureHeader(stdout)
  const fault =
    typeof header === 'string'
      ? header
      : parseFingerprint(header.issuer) === undefined || header.type !== 0
        ? 'not a binary signature'
        : undefined
  if (fault === undefined) return new Uint8Array(stdout)
  throw new MigError('gpg-failed', `gpg made a signature that cannot be used: ${fault}`, {
    hint: 'look for local-user or textmode in gpg.conf',
  })
}
