import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { armorCertificate } from '../../node/verification/key-facts.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { certificateOf } from '../fleet/people.ts'
import { describe, isNamed, listOwnKeys } from '../signing.ts'

/** Prints a public key. Private keys stay where they are: gpg exports its own, and a key file can be copied. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument('[key]', 'a fingerprint, a mail, or words of a name; default: the key that signs')
    .option('--gpg', 'only keys that gpg holds')
    .option('--no-gpg', 'only encrypted key files')
    .action(async (name: string | undefined, options: { readonly gpg?: boolean }) => {
      const config = await loadConfig(context)
      const wanted = name ?? config.key
      const keys = (await listOwnKeys(context, { gpg: options.gpg ?? config.gpg })).filter(
        (key) => wanted === undefined || isNamed(key, wanted),
      )
      const [key] = keys
      if (key === undefined)
        throw new MigError('not-found', `there is no key here that '${wanted ?? ''}' names`, {
          hint: 'mig key list',
        })
      if (keys.length > 1)
        throw new MigError('usage', `${keys.length} keys would do: ${keys.map(describe).join('; ')}`, {
          hint: 'mig key export FINGERPRINT',
        })
      context.terminal.raw(await armorCertificate(await certificateOf(context, key)))
    })
}
