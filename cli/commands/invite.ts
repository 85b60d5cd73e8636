import { type Command, Option } from 'commander'
import { type Role, roles, type Tags } from '../../node/core/certificate.ts'
import { base64Encode } from '../../node/core/encoding.ts'
import { MigError } from '../../node/core/error.ts'
import { parseGoDuration } from '../../node/core/go-duration.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { maxInvitationSeconds } from '../../node/core/limits.ts'
import { parseAddress } from '../../node/mesh/addresses.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import { loadConfig } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { fleetPath, openFleetDirectory } from '../fleet/fleet-directory.ts'
import { type MadeInvitation, makeInvitation } from '../fleet/invite.ts'
import { findAddresses } from '../fleet/reachable.ts'
import { addSigningOptions } from '../signing.ts'

interface InviteOptions {
  readonly role: Role
  readonly tags?: readonly string[]
  readonly uses: string
  readonly expires: string
  readonly address?: readonly string[]
  readonly fleetDir?: string
  readonly state?: string
  readonly key?: string
  readonly gpg?: boolean
}

export function define(command: Command, context: CommandContext): void {
  addSigningOptions(command)
    .addOption(
      new Option('--role <role>', 'what the new node is for').choices([...roles]).makeOptionMandatory(),
    )
    .option('--tags <k=v,...>', 'tags of the new node, for example operator=IT,site=Berlin', collect)
    .option('--uses <n>', 'how many nodes may join with it', '1')
    .option('--expires <duration>', 'how long it can be used, at most 14d', '7d')
    .option(
      '--address <address...>',
      'members that the new node dials first; default: bootstrap-peers.json of the fleet',
    )
    .option('--fleet-dir <dir>', 'directory with root and policy')
    .option('--state <dir>', 'state directory of the investigator’s node that makes it known')
    .action(async (options: InviteOptions) => {
      const config = await loadConfig(context)
      const fleet = await openFleetDirectory(
        fleetPath(context, options.fleetDir, config),
        context.clock.now(),
      )
      const lifetimeMs = parseGoDuration(options.expires)
      if (lifetimeMs < 1000 || lifetimeMs > maxInvitationSeconds * 1000)
        throw new MigError('usage', `--expires ${options.expires}: expected at least 1s and at most 14d`)
      const request = {
        role: options.role,
        tags: readTags(options.tags ?? []),
        maxuses: readUses(options.uses),
        lifetimeMs,
        addresses: checkAddresses(options.address) ?? (await findAddresses(context, fleet, config)),
      }
      const made = await makeInvitation(context, fleet, request, { ...options, config })
      context.terminal.out(made.line)
      const until = formatInstant(context.clock.now())
      context.terminal.say(
        `invitation ${made.id} for ${request.maxuses} ${request.role}${request.maxuses === 1 ? '' : 's'}, signed by ${made.person} at ${until}, expires in ${options.expires}`,
      )
      context.terminal.say('whoever has this line can join: send it as you would send a password')
      if (request.addresses.length === 0)
        context.terminal.say(`it names no address: list them in ${fleet.files.bootstrap}, or give --address`)
      await publish(
        context,
        statePath(context, 'investigator', options.state ?? config.investigator?.state),
        made,
      )
      context.terminal.say(
        `next, on the new machine: mig ${request.role} enrol LINE && mig ${request.role} start`,
      )
    })
}

/** A running node makes the invitation known; without one the newcomer shows it himself. */
async function publish(context: CommandContext, state: string, made: MadeInvitation): Promise<void> {
  const control = await connectControl(state)
  if (control === undefined) return
  try {
    const { handed, recipients } = await control.service.publish('invitation', base64Encode(made.wire))
    const told = Math.max(handed, recipients)
    context.terminal.say(`the running node has told ${told} neighbour${told === 1 ? '' : 's'} of it`)
  } finally {
    control.close()
  }
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** `k=v,k=v`, as often as it is given. */
export function readTags(texts: readonly string[], option = '--tags'): Tags {
  const pairs = texts
    .flatMap((text) => text.split(','))
    .filter((text) => text.trim() !== '')
    .map((text): readonly [string, string] => {
      const at = text.indexOf('=')
      if (at <= 0) throw new MigError('usage', `${option} ${text}: expected NAME=VALUE`)
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
    })
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new MigError('usage', `${option}: '${twice}' stands there twice`)
  return Object.fromEntries(pairs)
}

function readUses(text: string): number {
  const uses = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (uses >= 1 && uses <= 1_000_000) return uses
  throw new MigError('usage', `--uses ${text}: expected a whole number from 1 to 1000000`)
}

function checkAddresses(addresses: readonly string[] | undefined): readonly string[] | undefined {
  const bad = addresses?.find((address) => parseAddress(address) === undefined)
  if (bad === undefined) return addresses
  throw new MigError('usage', `--address ${bad} is no address that ends in /p2p/<id>`, {
    hint: 'a relay prints its own when it starts: listening on /ip4/…/p2p/12D3KooW…',
  })
}
