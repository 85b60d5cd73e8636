import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { type ActionFile, formatActionFile, loadAction } from '../ask/action-file.ts'
import type { FleetKnowledge } from '../ask/explain-file.ts'
import { knowFleet } from '../ask/fleet-knowledge.ts'
import { signFile } from '../ask/launch.ts'
import { checkSigners, weighFor } from '../ask/weighing.ts'
import { writeGivenFile } from '../ask/write-file.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'
import { addSigningOptions, chooseSigner, type SigningOptions } from '../signing.ts'

/** `mig action sign FILE`: adds my signature to the file; the bytes that are signed do not change. */
export function define(command: Command, context: CommandContext): void {
  addSigningOptions(addServiceOptions(command))
    .argument('<file>', 'an action file')
    .option('-o, --output <file>', 'write the signed file there instead')
    .action(async (path: string, options: ServiceOptions & SigningOptions & { readonly output?: string }) => {
      const { terminal, clock } = context
      const file = await loadAction(path)
      if (file.action.expireafter <= clock.now())
        throw new MigError('expired', `${path} is past its expireafter`, { hint: 'draft it anew' })
      const config = await loadConfig(context, options.config)
      const signer = await chooseSigner(context, { key: options.key, gpg: options.gpg, config })
      const fleet = await knowFleet(context, options)
      const me = fleet?.policy.keyring.byAnyFingerprint(signer.fingerprint)?.person
      if (fleet !== undefined && me === undefined)
        terminal.say(`${signer.fingerprint} is nobody's key in the policy: it adds nothing there`)
      if (fleet !== undefined && me !== undefined) {
        const { persons } = await checkSigners(file, fleet.policy, clock.now())
        if (persons.has(me)) {
          terminal.say(`${me} has signed it already: nothing is changed`)
          return sayWeights(file, fleet, context)
        }
      }
      const signed = await signFile(file, signer)
      await writeGivenFile(options.output ?? path, formatActionFile(signed))
      terminal.say(`${options.output ?? path}: signed with ${signer.describe}`)
      if (fleet !== undefined) await sayWeights(signed, fleet, context)
    })
}

async function sayWeights(file: ActionFile, fleet: FleetKnowledge, context: CommandContext): Promise<void> {
  const { persons, faults } = await checkSigners(file, fleet.policy, context.clock.now())
  for (const fault of faults) context.terminal.say(`a signature does not count: ${fault}`)
  for (const { words } of weighFor(file.action, fleet.policy, persons)) context.terminal.out(words)
}
