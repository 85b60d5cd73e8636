import { maxInvitationAddresses } from '../../node/core/limits.ts'
import { connectControl } from '../../node/roles/control-socket.ts'
import type { Config } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { readPeersFile } from './bootstrap.ts'
import type { FleetDirectory } from './fleet-directory.ts'
import { readRunningFile } from './running-file.ts'

/** Addresses for an invitation: those of the fleet's directory, else those of the nodes that run on this machine. */
export async function findAddresses(
  context: CommandContext,
  fleet: FleetDirectory,
  config: Config,
): Promise<readonly string[]> {
  const listed = (await readPeersFile(fleet.files.bootstrap)) ?? []
  if (listed.length > 0) return listed.slice(0, maxInvitationAddresses)
  const own: string[] = []
  for (const role of ['relay', 'investigator'] as const) {
    const running = await readRunningFile(statePath(context, role, config[role]?.state))
    own.push(...(running?.addresses ?? []))
  }
  const control = await connectControl(statePath(context, 'investigator', config.investigator?.state))
  if (control !== undefined) {
    try {
      own.push(...(await control.service.about()).addresses)
    } finally {
      control.close()
    }
  }
  return withoutLoopback([...new Set(own)]).slice(0, maxInvitationAddresses)
}

/** Nobody else can dial a loopback address; where there is no other, it is a trial on one machine. */
export function withoutLoopback(addresses: readonly string[]): readonly string[] {
  const outside = addresses.filter((address) => !/^\/(ip4\/127\.|ip6\/::1\/)/.test(address))
  return outside.length > 0 ? outside : addresses
}
