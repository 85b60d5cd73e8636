import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { maxImportedCertificateBytes } from '../../node/core/limits.ts'
import { gpgAvailable, importGpgKey } from '../../node/verification/gpg-keys.ts'
import { importKeyFile } from '../../node/verification/key-store.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { readFleetFile } from '../fleet/fleet-directory.ts'
import { readAll } from '../fleet/read-all.ts'
import { askPassphrase } from '../passphrase.ts'
import { gpgOptions, keyDirectory } from '../signing.ts'

export function define(command: Command, context: CommandContext): void {
  command
    .argument('[file]', 'a private key, armored or binary; default: standard input')
    .option('--gpg', 'into gpg’s keyring, or not at all')
    .option('--no-gpg', 'as an encrypted key file, even where there is gpg')
    .action(async (file: string | undefined, options: { readonly gpg?: boolean }) => {
      const wantsGpg = options.gpg ?? (await loadConfig(context)).gpg
      const bytes = await readInput(file)
      const gpg = gpgOptions(context)
      const hasGpg = wantsGpg !== false && (await gpgAvailable(gpg)) !== undefined
      if (wantsGpg === true && !hasGpg)
        throw new MigError('gpg-missing', 'gpg is not installed', { hint: 'install GnuPG, or use --no-gpg' })
      if (hasGpg) {
        const fingerprints = await importGpgKey(bytes, gpg)
        if (fingerprints.length === 0) throw new MigError('bad-key', 'gpg found no key in it')
        for (const fingerprint of fingerprints) context.terminal.out(fingerprint)
        context.terminal.say("imported into gpg's keyring")
        return
      }
      const passphrase = await askPassphrase(context, 'passphrase of the key')
      const made = await importKeyFile(keyDirectory(context), bytes, passphrase)
      context.terminal.out(made.fingerprint)
      context.terminal.say(`${made.userIds[0] ?? 'the key'} is in ${made.path}, encrypted`)
    })
}

async function readInput(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined || file === '-') return readAll(process.stdin, maxImportedCertificateBytes)
  const bytes = await readFleetFile(file)
  if (bytes === undefined) throw new MigError('not-found', `there is no file ${file}`)
  return bytes
}
