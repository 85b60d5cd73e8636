import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { maxAddressBook, maxSharedAddresses } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { peerIdField } from '../core/schema.ts'
import { address, addressRange } from '../store/keyspace.ts'
import type { Store } from '../store/store.ts'
import type { Acquaintance } from '../sync/message.ts'

/** Where members were last known to be reachable. Kept on disk: a node that has ever met the mesh finds it again. */
export interface AddressBook {
  /** Most recently confirmed first. */
  all(): readonly Acquaintance[]
  /** What to tell others, at most `maxSharedAddresses`, of what has changed since `changes` was so much. */
  shared(since: number): readonly Acquaintance[]
  /** Counts up with every entry that is new or says something else. */
  changes(): number
  addressesOf(peer: PeerId): readonly string[]
  /** Hearsay fills gaps and never overwrites what the peer itself has said. */
  learn(peer: PeerId, addresses: readonly string[], source: 'itself' | 'hearsay'): Promise<void>
  forget(peer: PeerId): Promise<void>
}

const entrySchema = z.strictObject({
  peer: peerIdField,
  addresses: z.array(z.string().max(512)).max(8),
  confirmed: z.boolean(),
  at: z.number(),
})
type Entry = z.output<typeof entrySchema>

export async function openAddressBook(store: Store, self: PeerId, clock: Clock): Promise<AddressBook> {
  const entries = new Map<PeerId, Entry>()
  const changedAt = new Map<PeerId, number>()
  let changes = 0
  for await (const [, value] of store.entries(addressRange())) {
    const parsed = entrySchema.safeParse(parseJson(value))
    if (parsed.success) keep(parsed.data)
  }
  const sorted = (some: Iterable<Entry> = entries.values()) =>
    [...some].sort((a, b) => Number(b.confirmed) - Number(a.confirmed) || b.at - a.at)
  const view = ({ peer, addresses }: Entry): Acquaintance => ({ peer, addresses: [...addresses] })

  function keep(entry: Entry): void {
    entries.set(entry.peer, entry)
    changedAt.set(entry.peer, ++changes)
  }

  async function forget(peer: PeerId): Promise<void> {
    changedAt.delete(peer)
    if (entries.delete(peer)) await store.write([{ delete: address(peer) }], { sync: false })
  }

  return {
    all: () => sorted().map(view),
    shared: (since) =>
      sorted([...entries.values()].filter(({ peer }) => (changedAt.get(peer) ?? 0) > since))
        .slice(0, maxSharedAddresses)
        .map(view),
    changes: () => changes,
    addressesOf: (peer) => entries.get(peer)?.addresses ?? [],
    async learn(peer, addresses, source) {
      // An address is dialled only if it names the peer it is said to be of.
      const usable = addresses
        .filter((text) => text.length <= 512 && text.endsWith(`/p2p/${peer}`))
        .slice(0, 8)
      if (peer === self || usable.length === 0) return
      const held = entries.get(peer)
      if (source === 'hearsay' && held?.confirmed === true) return
      if (
        held !== undefined &&
        held.confirmed === (source === 'itself') &&
        held.addresses.join() === usable.join()
      )
        return
      const entry: Entry = { peer, addresses: usable, confirmed: source === 'itself', at: clock.now() }
      keep(entry)
      await store.write([{ put: address(peer), value: utf8(JSON.stringify(entry)) }], { sync: false })
      if (entries.size <= maxAddressBook) return
      const surplus = sorted().slice(maxAddressBook)
      for (const old of surplus) await forget(old.peer)
    },
    forget,
  }
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(value) ?? '')
  } catch {
    return undefined
  }
}
