import type { Command } from 'commander'
import { MigError } from '../../node/core/error.ts'
import { type PolicyBody, parsePolicyBody } from '../../node/core/policy.ts'
import { replaceFile } from '../../node/store/private-file.ts'
import { loadConfig } from '../config.ts'
import type { CommandContext } from '../context.ts'
import { fleetPath, openFleetDirectory, readPolicyJson } from '../fleet/fleet-directory.ts'
import { nodesKnown } from '../fleet/nodes-known.ts'
import { checkDraft } from '../fleet/policy-draft.ts'
import { forWhom, withoutRelay, withRelay } from '../fleet/policy-relay.ts'
import { findNode, policyText } from '../fleet/policy-revoke.ts'
import { addServiceOptions, type ServiceOptions } from '../service-options.ts'
import { readTags } from './invite.ts'

interface RelayOptions extends ServiceOptions {
  readonly for?: readonly string[]
  readonly drop?: boolean
  readonly fleetDir?: string
  readonly json?: boolean
}

/** Writes into `policy.json` who is to relay for whom; it holds once that is signed and published. */
export function define(command: Command, context: CommandContext): void {
  addServiceOptions(command)
    .argument('[node]', 'a node’s name or peer id; without it those that are chosen are listed')
    .option(
      '--for <k=v,...>',
      'only for members whose invitation gave them these tags, for example site=Paris',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--drop', 'it is to relay no more; with --for: not for those')
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option('--json', 'list as JSON')
    .action(async (node: string | undefined, options: RelayOptions) => {
      const { terminal } = context
      const config = await loadConfig(context, options.config)
      const fleet = await openFleetDirectory(
        fleetPath(context, options.fleetDir, config),
        context.clock.now(),
      )
      const at = fleet.files.policyJson
      const edited = await readPolicyJson(fleet)
      const parsed = parsePolicyBody(edited)
      if (typeof parsed === 'string') throw new MigError('bad-policy', `${at}: ${parsed}`)
      const body = edited as PolicyBody
      if (node === undefined) {
        if (options.drop === true || options.for !== undefined)
          throw new MigError('usage', 'which node? mig policy relay NODE --for site=Paris')
        const relays = body.relays ?? []
        if (options.json === true) return terminal.raw(`${JSON.stringify(relays, null, 2)}\n`)
        if (relays.length === 0) terminal.say(`${at} chooses nobody to relay`)
        for (const { peer, tags } of relays) terminal.out(`${peer}  for ${forWhom(tags)}`)
        return
      }
      const given = readTags(options.for ?? [], '--for')
      const isForSome = Object.keys(given).length > 0
      // An empty variable of a script must not make an office's relay one for everybody.
      if (options.for !== undefined && !isForSome)
        throw new MigError('usage', '--for names no tag: leave it out to mean every member')
      const tags = isForSome ? given : undefined
      const { peer, words } = await findNode(node, () => nodesKnown(context, options))
      const isDrop = options.drop === true
      const changed = isDrop ? withoutRelay(body, peer, tags) : withRelay(body, peer, tags)
      const what = isDrop && tags === undefined ? 'anybody' : forWhom(tags)
      if (changed === undefined) {
        terminal.say(`${words} ${isDrop ? 'does not relay' : 'relays'} for ${what} in ${at} already`)
        return
      }
      const { warnings } = await checkDraft(changed, fleet, context.clock.now())
      await replaceFile(at, policyText(changed))
      for (const warning of warnings) terminal.say(`warning: ${warning}`)
      terminal.say(`${words} ${isDrop ? 'no longer relays' : 'is to relay'} for ${what} in ${at}`)
      if (!isDrop) terminal.say('it does while others can dial it: give it a port with --listen')
      terminal.say('it holds once it is signed and sent: mig policy sign && mig policy publish')
    })
}
