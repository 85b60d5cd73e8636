import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Role } from '../../node/core/certificate.ts'
import { MigError } from '../../node/core/error.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { enrolNode, type NodeState } from '../../node/roles/enrol.ts'
import { seedNode } from '../../node/roles/seed-node.ts'
import { parseInvitationString } from '../../node/verification/invitation-string.ts'
import { loadConfig } from '../config.ts'
import { type CommandContext, statePath } from '../context.ts'
import { noLog } from '../log.ts'
import {
  type FleetDirectory,
  fleetPath,
  openFleetDirectory,
  readInvitations,
  readPolicyWire,
} from './fleet-directory.ts'

interface EnrolOptions {
  readonly config?: string
  readonly state?: string
  readonly name?: string
  readonly fleetDir?: string
}

/** `mig agent|relay|investigator enrol <invitation>`. */
export function defineEnrol(command: Command, context: CommandContext, role: Role): void {
  command
    .argument('<invitation>', 'the line that `mig invite` printed')
    .option('-c, --config <file>', 'configuration; default mig.toml of MIG_HOME')
    .option('--state <dir>', 'state directory of this node')
    .option('--name <name>', 'how others call this node; default: the name of this machine')
    .option(
      '--fleet-dir <dir>',
      'take root and policy from here: the first node has nobody to fetch them from',
    )
    .action(async (invitation: string, options: EnrolOptions) => {
      const config = await loadConfig(context, options.config)
      const state = resolve(statePath(context, role, options.state ?? config[role]?.state))
      const { fleet, id, wire, addresses } = parseInvitationString(invitation)
      const directory = await fleetHere(context, options, fleet)
      const node = await enrolNode(
        { state, role, invitation, name: options.name ?? hostname() },
        { clock: context.clock, random: context.random },
      )
      if (directory !== undefined) await seed(context, node, directory, wire)
      const { certificate } = node
      context.terminal.out(`${role} ${certificate.name} ${certificate.peerid}`)
      context.terminal.say(`enrolled in fleet ${fleet} by invitation ${id}`)
      context.terminal.say(`state: ${state}; certificate until ${formatInstant(certificate.notafter)}`)
      if (directory === undefined && addresses.length === 0) {
        context.terminal.say(
          'the invitation names no address: start with --bootstrap ADDRESS, or enrol with --fleet-dir',
        )
      }
      context.terminal.say(`next: mig ${role} start${options.state === undefined ? '' : ` --state ${state}`}`)
    })
}

/** The fleet's directory, when it is on this machine: asked for, or found in its usual place. */
async function fleetHere(
  context: CommandContext,
  options: EnrolOptions,
  fleet: string,
): Promise<FleetDirectory | undefined> {
  const path = fleetPath(context, options.fleetDir, await loadConfig(context, options.config))
  try {
    const directory = await openFleetDirectory(path, context.clock.now())
    if (directory.root.fleet === fleet) return directory
    if (options.fleetDir === undefined) return undefined
    throw new MigError(
      'wrong-fleet',
      `${path} is fleet ${directory.root.fleet}, the invitation is for ${fleet}`,
    )
  } catch (error) {
    if (options.fleetDir === undefined && error instanceof MigError && error.code === 'not-found')
      return undefined
    throw error
  }
}

async function seed(
  context: CommandContext,
  node: NodeState,
  directory: FleetDirectory,
  invitation: Uint8Array,
): Promise<void> {
  await seedNode(
    node,
    {
      rootWire: directory.root.bytes,
      policyWire: await readPolicyWire(directory),
      invitations: [invitation, ...(await readInvitations(directory))],
    },
    { clock: context.clock, log: noLog },
  )
  context.terminal.say(`root and policy are taken from ${directory.path}`)
}
