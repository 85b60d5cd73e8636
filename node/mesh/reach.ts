import type { PeerId } from '../core/peer-id.ts'

/** How a node can be reached, and whom it helps to be. */
export interface Reach {
  readonly listening: readonly string[]
  /** No address of its own is known to work: it lets itself be reached through relays. */
  readonly needsRelays: boolean
  readonly reservations: readonly ReservationView[]
  /** What relays found that dialled this node back. */
  readonly checks: readonly ReachCheck[]
  /** The policy has chosen it to relay; it does while others can dial it. */
  readonly isChosen: boolean
  /** Undefined for a node that does not relay now. */
  readonly relaying?: Relaying
}

/** What a relay does at this moment, and has done since its start. */
export interface Relaying {
  readonly reservations: number
  /** Who holds them, at most `maxShownAccounts`. */
  readonly reserved: readonly { readonly peer: PeerId; readonly leftMs: number }[]
  readonly circuits: number
  /** Those that are open now, at most `maxShownAccounts`: who opened it, to whom, for how long, and what both have sent. */
  readonly open: readonly {
    readonly from: PeerId
    readonly to: PeerId
    readonly ageMs: number
    readonly bytes: number
  }[]
  readonly bytes: number
  /** Reservations and circuits that were refused. */
  readonly refused: number
  /** The busiest first, at most `maxShownAccounts`. */
  readonly accounts: readonly RelayAccount[]
}

/** Whom the policy has chosen to relay, as one node has to act on it.
 *  @see node/core/relay-choice.ts */
export interface ChosenRelays {
  readonly isChosen: boolean
  readonly serves: (peer: PeerId) => boolean
  readonly own: ReadonlySet<PeerId>
  readonly others: ReadonlySet<PeerId>
}

/** One relay as this node stands with it. */
export type ReservationView =
  | { readonly relay: PeerId; readonly state: 'held'; readonly addresses: readonly string[] }
  | { readonly relay: PeerId; readonly state: 'refused' | 'failed'; readonly reason: string }

/** What one relay found when it dialled this node back. */
export interface ReachCheck {
  readonly by: PeerId
  /** Multiaddrs without a peer id. */
  readonly tried: readonly string[]
  readonly reached: readonly string[]
}

/** What a relay has carried for one peer. */
export interface RelayAccount {
  readonly peer: PeerId
  /** Open now, as either end. */
  readonly circuits: number
  /** Opened ever, as far as it is remembered. */
  readonly circuitsEver: number
  /** Bytes that it has sent and that were sent to it. */
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Reservations and circuits that it asked for in vain. */
  readonly refused: number
}
