import type { Connection } from '@libp2p/interface'
import type { PeerId } from '../core/peer-id.ts'

/** How the judgement of a connection ended. */
export type Settled =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused'; readonly by: 'us' | 'them'; readonly reason: string }
  /** It never came to a verdict. */
  | { readonly kind: 'failed'; readonly reason: string }

/** One connection and what has been found about it. */
export interface Link {
  readonly connection: Connection
  readonly peer: PeerId
  readonly openedMs: number
  /** Ends whatever waits on this connection. */
  readonly controller: AbortController
  readonly settled: Promise<Settled>
  readonly settle: (outcome: Settled) => void
  /** Calls off the timer that would close it. */
  callOff: () => void
  state: 'judging' | 'admitted' | 'refused'
  enrolling: boolean
}

export function newLink(connection: Connection, peer: PeerId, openedMs: number): Link {
  const { promise: settled, resolve: settle } = Promise.withResolvers<Settled>()
  return {
    connection,
    peer,
    openedMs,
    controller: new AbortController(),
    settled,
    settle,
    callOff: () => {},
    state: 'judging',
    enrolling: false,
  }
}

/** The open connections, by connection and by peer. */
export class Links {
  readonly #byConnection = new Map<string, Link>()
  readonly #byPeer = new Map<PeerId, Set<Link>>()

  add(link: Link): void {
    this.#byConnection.set(link.connection.id, link)
    const links = this.#byPeer.get(link.peer) ?? new Set()
    this.#byPeer.set(link.peer, links.add(link))
  }

  remove(link: Link): void {
    this.#byConnection.delete(link.connection.id)
    const links = this.#byPeer.get(link.peer)
    links?.delete(link)
    if (links?.size === 0) this.#byPeer.delete(link.peer)
  }

  get(connection: Connection): Link | undefined {
    return this.#byConnection.get(connection.id)
  }

  /** The oldest first. */
  of(peer: PeerId): readonly Link[] {
    return [...(this.#byPeer.get(peer) ?? [])]
  }

  all(): Iterable<Link> {
    return this.#byConnection.values()
  }
}
