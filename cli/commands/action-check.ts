import type { Command } from 'commander'
import { parseParameters } from '../../modules/parameters.ts'
import { parseTarget } from '../../node/core/target.ts'
import { loadActionFile } from '../ask/action-file.ts'
import type { CommandContext } from '../context.ts'
import { moduleNamed } from '../module-named.ts'

/** `mig action check FILE`: form, target and parameters, with no mesh and no keys. */
export function define(command: Command, context: CommandContext): void {
  command.argument('<file>', 'an action or a draft; - for standard input').action(async (path: string) => {
    const loaded = await loadActionFile(path)
    const { target, operations } = loaded.kind === 'action' ? loaded.file.action : loaded.draft
    await parseTarget(target)
    for (const { module, parameters } of operations) parseParameters(moduleNamed(module), parameters)
    if (loaded.kind === 'draft') for (const change of loaded.draft.changes) context.terminal.say(change)
    const what =
      loaded.kind === 'draft'
        ? 'a draft'
        : `action ${loaded.file.id}, ${loaded.file.signatures.length} signatures, not verified here`
    const modules = operations.map(({ module }) => module).join(', ')
    context.terminal.out(`${path}: ${what}; ${operations.length} operations: ${modules}`)
  })
}
