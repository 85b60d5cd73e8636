import type { PeerId } from '../../node/core/peer-id.ts'

/** The links that a network lets through, by the names of nodes, and its failures. */
export interface Cables {
  readonly isCut: (a: string, b: string) => boolean
  /** From now on only these hold; links that are up and not among them break. */
  only(holds: (a: string, b: string) => boolean, nodes?: readonly CabledNode[]): Promise<void>
  heal(): void
}

export interface CabledNode {
  readonly name: string
  readonly mesh: { readonly peerId: PeerId; expel(peer: PeerId, reason: string): Promise<void> }
}

export function someCables(holds: (a: string, b: string) => boolean = () => true): Cables {
  let now = holds
  return {
    isCut: (a, b) => !now(a, b),
    async only(holds, nodes = []) {
      now = holds
      for (const a of nodes) {
        for (const b of nodes)
          if (a !== b && !holds(a.name, b.name)) await a.mesh.expel(b.mesh.peerId, 'the cable is cut')
      }
    },
    heal() {
      now = () => true
    },
  }
}

/** Only neighbours in this row are linked. */
export const inARow =
  (...names: readonly string[]) =>
  (a: string, b: string) =>
    Math.abs(names.indexOf(a) - names.indexOf(b)) === 1
