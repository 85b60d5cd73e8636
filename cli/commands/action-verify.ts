import type { Command } from 'commander'
import { readSignatureHeader } from '../../node/verification/signature-packet.ts'
import { loadAction } from '../ask/action-file.ts'
import { knowFleet } from '../ask/fleet-knowledge.ts'
import { checkSigners, weighFor } from '../ask/weighing.ts'
import type { CommandContext } from '../context.ts'
import { Exit } from '../exit.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'
import { inertJson } from '../views/json.ts'

/** `mig action verify FILE`: whose signatures hold over exactly this file; exit 1 unless at least one does and none is bad. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('<file>', 'an action file; - for standard input')
    .option('--json', 'as JSON')
    .action(async (path: string, options: ServiceOptions & { readonly json?: true }) => {
      const { terminal, clock } = context
      const file = await loadAction(path)
      const fleet = await knowFleet(context, options)
      const claimed = file.signatures.map((signature) => {
        const header = readSignatureHeader(signature)
        return typeof header === 'string' ? header : `issuer ${header.issuer}`
      })
      if (fleet === undefined) {
        for (const claim of claimed) terminal.out(`not checked: ${claim}`)
        throw new Exit(1)
      }
      const { persons, faults } = await checkSigners(file, fleet.policy, clock.now())
      const weights = weighFor(file.action, fleet.policy, persons)
      if (options.json === true) {
        terminal.raw(`${inertJson({ id: file.id, signers: [...persons], faults, weights }, 2)}\n`)
      } else {
        terminal.out(`action ${file.id}`)
        for (const person of persons) terminal.out(`valid signature: ${person}`)
        for (const fault of faults) terminal.out(`does not count: ${fault}`)
        if (file.signatures.length === 0) terminal.out('no signature')
        for (const { words } of weights) terminal.out(words)
      }
      if (file.signatures.length > 0 && persons.size === 0)
        terminal.say('hint: no signature holds over this file; was it edited after it was signed?')
      if (persons.size === 0 || faults.length > 0) throw new Exit(1)
    })
}
