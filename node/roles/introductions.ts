import type { Clock } from '../core/clock.ts'
import { maxAddressBook, maxSharedAddresses, tellAgainMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Acquaintance } from '../sync/message.ts'
import type { AddressBook } from './address-book.ts'

/** Whom to name to a neighbour: at the first session of a link the latest acquaintances, then what is new. At rest sessions would else be
 *  little more than the same 32 addresses. */
export interface Introductions {
  to(neighbour: PeerId): readonly Acquaintance[]
}

export function createIntroductions(
  self: PeerId,
  ports: {
    readonly mesh: Pick<Mesh, 'addresses' | 'members'>
    readonly addressBook: Pick<AddressBook, 'shared' | 'changes'>
    readonly clock: Clock
  },
): Introductions {
  const { mesh, addressBook, clock } = ports
  const told = new Map<PeerId, Told>()
  return {
    to(neighbour) {
      const linkedAtMs = mesh.members().find(({ peer }) => peer === neighbour)?.connectedAtMs
      const nowMs = clock.monotonicMs()
      const own = [...mesh.addresses()].slice(0, 8)
      const held = told.get(neighbour)
      const before =
        held !== undefined && held.linkedAtMs === linkedAtMs && nowMs - held.firstMs < tellAgainMs
          ? held
          : { linkedAtMs, firstMs: nowMs, own: '', changes: 0 }
      told.delete(neighbour)
      told.set(neighbour, { ...before, own: own.join(), changes: addressBook.changes() })
      if (told.size > maxAddressBook) told.delete(told.keys().next().value as PeerId)
      return [
        ...(own.join() === before.own ? [] : [{ peer: self, addresses: own }]),
        ...addressBook.shared(before.changes),
      ].slice(0, maxSharedAddresses)
    },
  }
}

/** What a neighbour has been told over one link. */
interface Told {
  readonly linkedAtMs: number | undefined
  /** A session may break off behind its hello: after `tellAgainMs` all is told anew. */
  readonly firstMs: number
  readonly own: string
  readonly changes: number
}
