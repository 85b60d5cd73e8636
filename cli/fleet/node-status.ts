import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { openNodeState, readBootstrap } from '../../node/roles/enrol.ts'
import type { NetworkView } from '../../node/roles/network-view.ts'
import { createOutsideMemory } from '../../node/roles/outside-memory.ts'
import { beside } from './clock-words.ts'
import { readNetworkFile } from './network-file.ts'
import { countLinks, formatBytes, reachedHow } from './reach-words.ts'
import { readRunningFile } from './running-file.ts'

/** What can be told of a node without opening its store, which a running node has locked. */
export interface NodeStatus {
  readonly state: string
  readonly role: Role
  readonly name: string
  readonly peer: string
  readonly fleet: string
  readonly tags: Readonly<Record<string, string>>
  readonly serial: number
  readonly notbefore: string
  readonly notafter: string
  readonly invitation: string
  readonly isExpired: boolean
  readonly isRunning: boolean
  /** The process that faces the network. */
  readonly pid?: number
  /** Agents: the gate process, which was started by hand and which a signal stops. */
  readonly gatepid?: number
  readonly version?: string
  readonly startedat?: string
  readonly addresses: readonly string[]
  readonly bootstrap: readonly string[]
  /** Of a running node: its links, and how others reach it. */
  readonly network?: NetworkView
  /** Agents: the highest policy version that its gate has ever taken. */
  readonly policyVersion?: number
}

/** @throws MigError `not-enrolled`, `state-mode`, `bad-certificate` */
export async function readNodeStatus(state: string, role: Role, now: Instant): Promise<NodeStatus> {
  const { certificate, mesh } = await openNodeState(state, role)
  const running = await readRunningFile(state)
  const network = running === undefined ? undefined : await readNetworkFile(state)
  const outside = role === 'agent' ? await createOutsideMemory(state).read() : undefined
  return {
    state,
    role,
    name: certificate.name,
    peer: certificate.peerid,
    fleet: certificate.fleet,
    tags: certificate.tags,
    serial: certificate.serial,
    notbefore: formatInstant(certificate.notbefore),
    notafter: formatInstant(certificate.notafter),
    invitation: certificate.invite,
    isExpired: certificate.notafter < now,
    isRunning: running !== undefined,
    ...(running === undefined
      ? {}
      : {
          pid: running.pid,
          ...(running.gatepid === undefined ? {} : { gatepid: running.gatepid }),
          version: running.version,
          startedat: running.startedat,
        }),
    addresses: network?.addresses ?? running?.addresses ?? [],
    bootstrap: await readBootstrap(mesh),
    ...(network === undefined ? {} : { network }),
    ...(outside === undefined ? {} : { policyVersion: outside.policyVersion }),
  }
}

/** Is there, or was there ever begun, a node in this directory? Asking makes nothing. */
export async function hasNode(state: string): Promise<boolean> {
  return (await stat(join(state, 'mesh')).catch(() => undefined))?.isDirectory() === true
}

function processesOf({ pid, gatepid }: NodeStatus): string {
  return gatepid === undefined ? `process ${pid}` : `gate process ${gatepid}, mesh process ${pid}`
}

function describeNetwork(network: NetworkView | undefined): readonly string[] {
  if (network === undefined) return []
  const { links, relaying, clock } = network
  return [
    `  reached      ${reachedHow(network)}`,
    `  links        ${countLinks(links)}`,
    ...links.slice(0, maxShownLinks).map(({ name, role, how, relay, direction, since }) => {
      const through = relay === undefined ? how : `${how} through ${relay}`
      return `               ${role} ${name}, ${through}, ${direction}, since ${since}`
    }),
    ...(clock === undefined || clock.aheadMinutes === 0 ? [] : [`  clock        ${beside(clock)}`]),
    ...(relaying === undefined
      ? []
      : [
          `  relays       ${relaying.reservations} members reserved, ${relaying.circuits} circuits, ${formatBytes(relaying.bytes)} carried`,
          ...relaying.accounts
            .slice(0, maxShownLinks)
            .map(
              ({ name, circuits, sentBytes, receivedBytes }) =>
                `               ${name}: ${circuits} circuits, ${formatBytes(sentBytes)} sent, ${formatBytes(receivedBytes)} received`,
            ),
        ]),
  ]
}

/** A hub has hundreds; --json shows more. */
const maxShownLinks = 10

/** One line each. */
export function describeStatus(status: NodeStatus): readonly string[] {
  const tags = Object.entries(status.tags).map(([name, value]) => `${name}=${value}`)
  return [
    `${status.role} ${status.name} ${status.peer}`,
    `  fleet        ${status.fleet}`,
    `  state        ${status.state}`,
    status.isRunning
      ? `  running      ${processesOf(status)}, version ${status.version}, since ${status.startedat}`
      : `  not running  start it: mig ${status.role} start`,
    `  addresses    ${status.addresses.length === 0 ? 'no open port' : status.addresses.join(' ')}`,
    ...describeNetwork(status.network),
    `  dials first  ${status.bootstrap.length === 0 ? '(nobody)' : status.bootstrap.join(' ')}`,
    `  tags         ${tags.length === 0 ? '(none)' : tags.join(', ')}`,
    `  certificate  serial ${status.serial}, ${status.isExpired ? 'EXPIRED at' : 'until'} ${status.notafter}`,
    ...(status.policyVersion === undefined
      ? []
      : [`  policy       version ${status.policyVersion} was taken last`]),
  ]
}
