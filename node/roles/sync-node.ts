import { isCollector } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { maxHelloMarks } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Mesh } from '../mesh/mesh.ts'
import * as keys from '../store/keyspace.ts'
import { createClaims } from '../sync/claims.ts'
import { type Item, type ItemKind, kindsFor, kindsFrom } from '../sync/item.ts'
import type { Mark } from '../sync/mark.ts'
import { type MarkSet, MarkTree } from '../sync/mark-tree.ts'
import type { SyncNode } from '../sync/session.ts'
import type { AddressBook } from './address-book.ts'
import type { ClockDifference } from './clock-difference.ts'
import type { Door } from './door.ts'
import type { DoorContext } from './door-context.ts'
import { createIntroductions } from './introductions.ts'

/** Where the roles differ in a session. */
export interface SyncBehaviour
  extends Pick<SyncNode, 'awaits' | 'receiptsFor' | 'hopsFor' | 'greet' | 'handOver'> {
  /** Items that are offered to others although they are not on the shelf, with their marks. */
  ownItems(kind: ItemKind): Promise<ReadonlyMap<string, Item>>
  /** One of them. */
  ownItem(mark: string): Promise<Item | undefined>
}

/** What this node is in a session: which of its items a member is shown, and how what comes is let in. */
export function createSyncNode(
  context: DoorContext,
  ports: {
    readonly door: Door
    readonly mesh: Pick<Mesh, 'addresses' | 'members'>
    readonly addressBook: AddressBook
    readonly clock: Clock
    readonly clocks: ClockDifference
    readonly behaviour: () => SyncBehaviour
  },
): SyncNode {
  const { role, self, shelf, ledger, log } = context
  const { door, addressBook, clock, clocks, behaviour } = ports
  const claims = createClaims()
  const introductions = createIntroductions(self, ports)
  const alike = (kinds: readonly ItemKind[], others: readonly ItemKind[]) =>
    kinds.filter((kind) => others.includes(kind))

  /** An ordinary member keeps an action until it expires, a collector until nobody answers it any more: they compare what runs. */
  function running(kind: 'action' | 'cancel'): MarkSet {
    const now = clock.now()
    const isOver = (id: string) => (ledger.actions.get(id)?.action.expireafter ?? now) < now
    const ids = kind === 'action' ? ledger.actions.keys() : ledger.cancels.keys()
    const marks = new MarkTree()
    for (const id of ids) {
      if (isOver(id)) continue
      const places =
        kind === 'action'
          ? [keys.action(id)]
          : (ledger.cancels.get(id) ?? []).map(({ fingerprint }) => keys.cancel(id, fingerprint))
      for (const place of places) {
        const mark = shelf.markOf(kind, place)
        if (mark !== undefined) marks.add(mark)
      }
    }
    return marks
  }

  return {
    role,
    shared(other) {
      const isBetweenCollectors = isCollector(role) && isCollector(other.role)
      const setOf = (kind: ItemKind): MarkSet =>
        !isBetweenCollectors && (kind === 'action' || kind === 'cancel') ? running(kind) : shelf.set(kind)
      return new Map(alike(kindsFor(role), kindsFor(other.role)).map((kind) => [kind, setOf(kind)]))
    },
    held: (kind) => shelf.set(kind),
    async offers(other) {
      const offers = new Map<ItemKind, readonly Mark[]>()
      for (const kind of alike(kindsFrom(role), kindsFor(other.role))) {
        if (kindsFor(role).includes(kind)) continue
        const own = [...(await behaviour().ownItems(kind)).keys()] as Mark[] // made by `itemMark`
        // What it says itself, and what it carries for others.
        offers.set(kind, [...own, ...shelf.set(kind).under('')].slice(0, maxHelloMarks))
      }
      return offers
    },
    async read(kind, marks) {
      const set = shelf.set(kind)
      const own = await Promise.all(
        marks.filter((mark) => !set.has(mark)).map((mark) => behaviour().ownItem(mark)),
      )
      const held = await shelf.read(
        kind,
        marks.filter((mark) => set.has(mark)),
      )
      return [...held, ...own.filter((item) => item !== undefined)]
    },
    enter: async (item, from) => (await door.enter(item, { via: 'sync', peer: from })).kind === 'accept',
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    heardTime: (theirs, from) => clocks.heard(theirs, from),
    claim: (marks, from) => claims.claim(marks, from, clock.monotonicMs()),
    awaits: () => behaviour().awaits(),
    receiptsFor: (awaited) => behaviour().receiptsFor(awaited),
    hopsFor: (peer) => behaviour().hopsFor(peer),
    greet: (other) => behaviour().greet(other),
    handOver: (other, theirs) => behaviour().handOver(other, theirs),
    acquaintances: ({ peer }) => introductions.to(peer),
    meet(acquaintances, from: PeerId) {
      for (const { peer, addresses } of acquaintances) {
        addressBook
          .learn(peer, addresses, peer === from ? 'itself' : 'hearsay')
          .catch((error: unknown) => log('address-book', { error: messageOf(error) }))
      }
    },
  }
}
