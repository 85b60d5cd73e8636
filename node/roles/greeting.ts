import type { PeerId } from '../core/peer-id.ts'
import type { Member } from '../mesh/mesh.ts'
import type { Item } from '../sync/item.ts'

/** In the first session of a link each side is given the latest heartbeat that is held of it, before anything else: whoever runs from an
 *  older copy of a machine learns it before it is asked to run anything (protocol 7.1). */
export interface Greeting {
  of(peer: PeerId): Promise<readonly Item[]>
  /** The session has ended well. */
  confirmed(peer: PeerId): void
  /** There is something later to tell. */
  again(peer: PeerId): void
}

export function createGreeting(
  members: () => readonly Member[],
  heldOf: (peer: PeerId) => Promise<Item | undefined>,
): Greeting {
  /** The link by the time of its beginning. */
  const greeted = new Map<PeerId, number>()
  const linkOf = (peer: PeerId) => members().find((member) => member.peer === peer)?.connectedAtMs
  return {
    async of(peer) {
      const link = linkOf(peer)
      if (link === undefined || greeted.get(peer) === link) return []
      const held = await heldOf(peer)
      return held === undefined ? [] : [held]
    },
    confirmed(peer) {
      const link = linkOf(peer)
      if (link !== undefined) greeted.set(peer, link)
      if (greeted.size <= 2 * members().length + 16) return
      for (const known of greeted.keys()) if (linkOf(known) === undefined) greeted.delete(known)
    },
    again: (peer) => void greeted.delete(peer),
  }
}
