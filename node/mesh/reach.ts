import type { PeerId } from '../core/peer-id.ts'

/** How a node can be reached, and whom it helps to be. */
export interface Reach {
  readonly listening: readonly string[]
  /** No address of its own is known to work: it lets itself be reached through relays. */
  readonly needsRelays: boolean
  readonly reservations: readonly ReservationView[]
  /** What relays found that dialled this node back. */
  readonly checks: readonly ReachCheck[]
  /** Undefined for a node that does not relay. */
  readonly relaying?: {
    readonly reservations: number
    readonly circuits: number
    readonly bytes: number
    /** The busiest first, at most `maxShownAccounts`. */
    readonly accounts: readonly RelayAccount[]
  }
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
}
