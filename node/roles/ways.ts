import { isCollector } from '../core/certificate.ts'
import { maxHops } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Member } from '../mesh/mesh.ts'

/** How far it is to a collector, and through whom: distance vector with split horizon, as in RIP (RFC 2453), over links that are up. */
export interface Ways {
  /** Links to the nearest collector that do not lead through `peer`; `maxHops` where no way is known. */
  hopsFor(peer: PeerId | undefined): number
  /** What a neighbour has said, of ways that do not lead through this node. */
  heard(peer: PeerId, hops: number): void
  /** What a linked agent last said; `maxHops` when it has not said anything. */
  hopsOf(peer: PeerId): number
}

/** @param members who is linked now */
export function createWays(members: () => readonly Member[]): Ways {
  const told = new Map<PeerId, { readonly hops: number; readonly connectedAtMs: number }>()
  const toldBy = (member: Member): number => {
    const last = told.get(member.peer)
    // Said over an earlier link: much may have changed.
    return last?.connectedAtMs === member.connectedAtMs ? last.hops : maxHops
  }
  return {
    hopsFor(peer) {
      const others = members().filter((member) => member.peer !== peer)
      if (others.some((member) => isCollector(member.role))) return 1
      return Math.min(maxHops, ...others.map((member) => toldBy(member) + 1))
    },
    heard(peer, hops) {
      const linked = members()
      const member = linked.find((candidate) => candidate.peer === peer)
      if (member !== undefined) told.set(peer, { hops, connectedAtMs: member.connectedAtMs })
      if (told.size <= 2 * linked.length + 16) return
      for (const known of told.keys())
        if (!linked.some((candidate) => candidate.peer === known)) told.delete(known)
    },
    hopsOf(peer) {
      const member = members().find((candidate) => candidate.peer === peer)
      return member === undefined ? maxHops : toldBy(member)
    },
  }
}
