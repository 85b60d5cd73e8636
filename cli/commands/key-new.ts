import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { makeKey, ownUserId } from '../fleet/make-key.ts'

export function define(command: Command, context: CommandContext): void {
  command
    .argument('[name]', '"Name <mail>"; default: whoever sits here')
    .option('--gpg', 'in gpg’s keyring, or not at all')
    .option('--no-gpg', 'an encrypted key file, even where there is gpg')
    .action(async (name: string | undefined, options: { readonly gpg?: boolean }) => {
      const config = await loadConfig(context)
      const key = await makeKey(context, name ?? ownUserId(), options.gpg ?? config.gpg)
      context.terminal.out(key.fingerprint)
      context.terminal.say(
        key.kind === 'gpg'
          ? `${key.userIds[0]} is in gpg's keyring`
          : `${key.userIds[0]} is in ${key.file.path}, encrypted; keep a copy of it and its passphrase`,
      )
      context.terminal.say(
        `next: mig key export ${key.fingerprint} > me.asc, and give that to whoever runs the fleet`,
      )
    })
}
