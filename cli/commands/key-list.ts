import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { listKeyViews } from '../fleet/key-views.ts'

export function define(command: Command, context: CommandContext): void {
  command
    .option('--gpg', 'only keys that gpg holds')
    .option('--no-gpg', 'only encrypted key files')
    .option('--json', 'print as JSON')
    .action(async (options: { readonly gpg?: boolean; readonly json?: boolean }) => {
      const keys = await listKeyViews(context, options.gpg ?? (await loadConfig(context)).gpg)
      if (options.json === true) {
        context.terminal.raw(`${JSON.stringify(keys, null, 2)}\n`)
        return
      }
      for (const key of keys) {
        const can = [
          key.canSign ? 'signs' : 'cannot sign',
          key.canEncrypt ? 'reads answers' : 'cannot read answers',
        ]
        const until = key.expires === undefined ? 'does not expire' : `until ${key.expires}`
        context.terminal.out(`${key.fingerprint}  ${key.userIds[0] ?? '(no name)'}`)
        context.terminal.out(`  ${key.where}; ${can.join(', ')}; ${until}`)
      }
      if (keys.length === 0)
        context.terminal.say('there is no key here: mig key new "Name <mail>", or mig key import FILE')
    })
}
