import type { RelayingView } from '../../node/roles/network-view.ts'
import { shortAge } from '../views/ages.ts'
import { tableLines } from '../views/table.ts'
import type { NodeStatus } from './node-status.ts'
import { formatBytes, reachedHow } from './reach-words.ts'

/** What a node relays now, and has relayed since it started. */
export interface RelayStatus
  extends Pick<NodeStatus, 'state' | 'role' | 'name' | 'peer' | 'isRunning' | 'addresses'> {
  /** The policy has chosen it. */
  readonly isChosen: boolean
  /** Absent while it does not relay. */
  readonly relaying?: RelayingView
}

export function relayStatus(status: NodeStatus): RelayStatus {
  const { state, role, name, peer, isRunning, addresses, network } = status
  return {
    ...{ state, role, name, peer, isRunning, addresses },
    isChosen: network?.isChosen === true,
    ...(network?.relaying === undefined ? {} : { relaying: network.relaying }),
  }
}

/** One line each. */
export function describeRelayStatus(status: NodeStatus): readonly string[] {
  const { role, name, peer, network } = status
  const head = `${role} ${name} ${peer}`
  if (network === undefined) {
    const why = status.isRunning
      ? 'runs, and has not yet said how it stands'
      : `does not run: mig ${role} start`
    return [`${head} ${why}`]
  }
  const { relaying } = network
  if (relaying === undefined) {
    return [
      network.isChosen === true
        ? `${head} is chosen to relay by the policy, but does not: ${reachedHow(network)}`
        : `${head} relays for nobody: mig policy relay ${name}, or relay = true in its mig.toml`,
    ]
  }
  const { reservations, reserved, circuits, open, bytes, refused, accounts } = relaying
  const by = network.isChosen === true ? ', chosen by the policy' : ''
  return [
    `${head} relays${by}; ${reachedHow(network)}`,
    `${reservations} reserved, ${circuits} circuits open, ${formatBytes(bytes)} carried, ${refused} requests refused`,
    ...section(
      'reserved',
      ['name', 'for'],
      reserved.map(({ name: who, leftMs }) => [who, shortAge(leftMs)]),
    ),
    ...section(
      'circuits',
      ['from', 'to', 'open for', 'carried'],
      open.map(({ from, to, ageMs, bytes: carried }) => [from, to, shortAge(ageMs), formatBytes(carried)]),
    ),
    ...section(
      'carried',
      ['name', 'sent', 'received', 'circuits', 'ever', 'refused'],
      accounts.map((account) => [
        account.name,
        formatBytes(account.sentBytes),
        formatBytes(account.receivedBytes),
        String(account.circuits),
        String(account.circuitsEver),
        String(account.refused),
      ]),
    ),
  ]
}

function section(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  return rows.length === 0 ? [] : ['', title, ...tableLines(head, rows).map((line) => `  ${line}`)]
}
