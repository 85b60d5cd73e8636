import type { Instant } from '../core/clock.ts'
import { formatInstant } from '../core/instant.ts'
import { maxShownAccounts } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Member } from '../mesh/mesh.ts'
import { isPrivateNetwork } from '../mesh/network-place.ts'
import type { RelayAccount } from '../mesh/reach.ts'
import { clockMinutes } from './clock-difference.ts'
import type { MemberNode } from './member.ts'
import type { MemberView } from './service.ts'

/** How a node stands in the network: plain data, for people and for a file. */
export interface NetworkView {
  readonly addresses: readonly string[]
  readonly listening: readonly string[]
  readonly needsRelays: boolean
  readonly reservations: readonly {
    readonly relay: string
    readonly state: 'held' | 'refused' | 'failed'
    readonly reason?: string
  }[]
  /** Relays that dialled this node back, and where they reached it. */
  readonly checks: readonly {
    readonly by: string
    readonly tried: readonly string[]
    readonly reached: readonly string[]
  }[]
  readonly links: readonly {
    readonly name: string
    readonly role: string
    readonly how: MemberView['how']
    readonly relay?: string
    readonly direction: string
    readonly since: string
  }[]
  /** This host's clock and the median of its neighbours'; absent while too few have said theirs. */
  readonly clock?: {
    /** 0 within `clockDiffersMs`; negative when behind. */
    readonly aheadMinutes: number
    readonly neighbours: number
  }
  /** The policy has chosen it to relay: it does while others can dial it. */
  readonly isChosen?: true
  readonly relaying?: RelayingView
}

/** What a relay does now, and for whom. */
export interface RelayingView {
  readonly reservations: number
  readonly reserved: readonly { readonly name: string; readonly leftMs: number }[]
  readonly circuits: number
  readonly open: readonly {
    readonly from: string
    readonly to: string
    readonly ageMs: number
    readonly bytes: number
  }[]
  readonly bytes: number
  /** Reservations and circuits. */
  readonly refused: number
  readonly accounts: readonly {
    readonly name: string
    readonly circuits: number
    readonly circuitsEver: number
    readonly sentBytes: number
    readonly receivedBytes: number
    readonly refused: number
  }[]
}

export function networkView(node: MemberNode): NetworkView {
  const { reservations, checks, relaying, isChosen, ...rest } = node.mesh.reach()
  const name = (peer: PeerId) => nameOf(node, peer) ?? peer
  const clock = node.clocks.own()
  return {
    ...rest,
    addresses: node.mesh.addresses(),
    reservations: reservations.map((held) => ({
      relay: name(held.relay),
      state: held.state,
      ...(held.state === 'held' ? {} : { reason: held.reason }),
    })),
    checks: checks.map((check) => ({ ...check, by: name(check.by) })),
    links: node.mesh
      .members()
      .slice(0, maxShownAccounts)
      .map((member) => ({
        name: name(member.peer),
        role: member.role,
        how: howOf(member),
        ...(member.relay === undefined ? {} : { relay: name(member.relay) }),
        direction: member.direction,
        since: formatInstant(member.connectedAtMs as Instant),
      })),
    ...(clock === undefined
      ? {}
      : { clock: { aheadMinutes: clockMinutes(clock.aheadMs), neighbours: clock.neighbours } }),
    ...(isChosen ? { isChosen } : {}),
    ...(relaying === undefined
      ? {}
      : {
          relaying: {
            ...relaying,
            reserved: relaying.reserved.map(({ peer, leftMs }) => ({ name: name(peer), leftMs })),
            open: relaying.open.map((circuit) => ({
              ...circuit,
              from: name(circuit.from),
              to: name(circuit.to),
            })),
            accounts: relaying.accounts.map(({ peer, ...account }) => ({ name: name(peer), ...account })),
          },
        }),
  }
}

/** Whom a node is connected to, how, and what it carries for them. */
export function memberViews(node: MemberNode, now: Instant): readonly MemberView[] {
  const accounts = new Map<PeerId, RelayAccount>()
  for (const account of node.mesh.reach().relaying?.accounts ?? []) accounts.set(account.peer, account)
  return node.mesh.members().map((member) => {
    const account = accounts.get(member.peer)
    return {
      peer: member.peer,
      name: nameOf(node, member.peer),
      role: member.role,
      address: member.address,
      how: howOf(member),
      ...(member.relay === undefined ? {} : { relay: nameOf(node, member.relay) ?? member.relay }),
      direction: member.direction,
      connectedForMs: Math.max(0, Math.round(now - member.connectedAtMs)),
      ...(account === undefined
        ? {}
        : {
            carried: {
              circuits: account.circuits,
              sentBytes: account.sentBytes,
              receivedBytes: account.receivedBytes,
            },
          }),
    }
  })
}

function howOf({ relayed, address }: Member): MemberView['how'] {
  if (relayed) return 'relayed'
  return isPrivateNetwork(address) ? 'LAN' : 'direct'
}

function nameOf(node: MemberNode, peer: PeerId): string | undefined {
  return node.ledger.certificates.get(peer)?.certificate.name
}
