import { ByteReader, concat, prefixed } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { maxItemBytes } from '../core/limits.ts'
import * as keys from '../store/keyspace.ts'
import type { Change, Range, Store } from '../store/store.ts'
import { type Item, type ItemKind, itemKinds, itemMark } from '../sync/item.ts'
import type { Mark } from '../sync/mark.ts'
import type { MarkSet } from '../sync/mark-tree.ts'
import { kindOf, type SetName, ShelfIndex } from './shelf-index.ts'

/** The items that a node keeps, with the mark under which each is known to others.
 *  One item a key: a newer version takes the older one's place. */
export interface Shelf {
  /** What is compared in sessions. It changes as items come and go. */
  set(name: SetName): MarkSet
  /** The items that some marks of a kind stand for, in the order of their keys, which is the order on the disk, here and where they
   *  go. What has gone or been replaced since is left out. */
  read(kind: ItemKind, marks: readonly Mark[]): Promise<readonly Item[]>
  /** What is on the disk: something that is being written is waited for. */
  get(
    kind: ItemKind,
    key: string,
  ): Promise<{ readonly version: string; readonly bytes: Uint8Array } | undefined>
  /** @param actionId only those of this action */
  keys(kind: ItemKind, actionId?: string): readonly string[]
  /** The mark of what stands under a key now: it changes with the version. */
  markOf(kind: ItemKind, key: string): Mark | undefined
  /** Several at once are written together. */
  put(
    entry: ShelfEntry,
    options: { readonly sync: boolean; readonly also?: readonly Change[] },
  ): Promise<void>
  remove(kind: ItemKind, keys: readonly string[]): Promise<void>
}

export interface ShelfEntry {
  readonly kind: ItemKind
  /** Made by `keyspace.ts`. */
  readonly key: string
  readonly version: string
  readonly bytes: Uint8Array
  /** The set that it is compared in, where that is not its kind's. */
  readonly set?: SetName
}

/** @param store a repaired one may lack records: its marks are made anew from what is there */
export async function openShelf(
  store: Store & { readonly opening?: { readonly wasRepaired: boolean } },
): Promise<Shelf> {
  const index = await readIndex(store, store.opening?.wasRepaired ?? false)
  const writing = new Map<string, Promise<void>>()

  async function write(entry: ShelfEntry, options: Parameters<Shelf['put']>[1]): Promise<void> {
    const { kind, key, version, bytes, set = kind } = entry
    const mark = itemMark(kind, key, version)
    const before = index.markOf(kind, key)
    await store.write(
      [
        ...(before === undefined ? [] : [{ delete: keys.mark(index.setOf(kind, before), before) }]),
        { put: key, value: concat([prefixed(utf8(version)), bytes]) },
        { put: keys.mark(set, mark), value: utf8(key) },
        ...(options.also ?? []),
      ],
      { sync: options.sync },
    )
    index.add(set, key, mark)
  }

  return {
    set: (name) => index.set(name),
    markOf: (kind, key) => index.markOf(kind, key),
    keys: (kind, actionId) => index.keys(kind, actionId),
    async read(kind, marks) {
      const found = await Promise.all(
        marks.map(async (mark) => ({ mark, key: await store.get(keys.mark(index.setOf(kind, mark), mark)) })),
      )
      const places = found.flatMap(({ mark, key }) => {
        const text = key === undefined ? undefined : utf8Decode(key)
        return text === undefined ? [] : [{ mark, key: text }]
      })
      const items = await Promise.all(
        places
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(async ({ mark, key }) => {
            const value = await store.get(key)
            const decoded = value === undefined ? undefined : decodeValue(value)
            // Replaced since the mark was given: what stands there now goes by another mark.
            return decoded !== undefined && itemMark(kind, key, decoded.version) === mark
              ? [{ kind, bytes: decoded.bytes }]
              : []
          }),
      )
      return items.flat()
    },
    async get(kind, key) {
      await writing.get(key)?.catch(() => undefined)
      if (index.markOf(kind, key) === undefined) return undefined
      const value = await store.get(key)
      return value === undefined ? undefined : decodeValue(value)
    },
    async put(entry, options) {
      const earlier = writing.get(entry.key)
      // Under one key one after the other: each takes away the mark of the one before.
      const written =
        earlier === undefined
          ? write(entry, options)
          : earlier.catch(() => undefined).then(() => write(entry, options))
      writing.set(entry.key, written)
      try {
        await written
      } finally {
        if (writing.get(entry.key) === written) writing.delete(entry.key)
      }
    },
    async remove(kind, gone) {
      if (gone.length === 0) return
      const changes = gone.flatMap((key): Change[] => {
        const mark = index.markOf(kind, key)
        return [
          { delete: key },
          ...(mark === undefined ? [] : [{ delete: keys.mark(index.setOf(kind, mark), mark) }]),
        ]
      })
      await store.write(changes, { sync: false })
      for (const key of gone) index.remove(kind, key)
    },
  }
}

const ranges: Readonly<Record<ItemKind, () => Range>> = {
  root: keys.rootRange,
  policy: keys.policyRange,
  invitation: keys.invitationRange,
  certificate: keys.certificateRange,
  cancel: keys.cancelRange,
  action: keys.actionRange,
  heartbeat: keys.heartbeatRange,
  status: keys.statusRange,
  result: keys.resultRange,
  receipt: keys.receiptRange,
}
const indexed = keys.meta('marks')

/** From the marks alone: reading a million results would take minutes. A store without them gets them once. */
async function readIndex(store: Store, isSuspect: boolean): Promise<ShelfIndex> {
  const index = new ShelfIndex()
  if (isSuspect || (await store.get(indexed)) === undefined) await writeMarks(store)
  for await (const [name, value] of store.entries(keys.markRange())) {
    const [set, mark] = keys.keyParts(name) as [SetName, Mark] // only written here
    const key = utf8Decode(value)
    if (key?.startsWith(`${kindOf(set)}/`)) index.add(set, key, mark)
  }
  return index
}

async function writeMarks(store: Store): Promise<void> {
  let changes: Change[] = []
  const change = async (next: Change): Promise<void> => {
    changes.push(next)
    if (changes.length < 1000) return
    await store.write(changes, { sync: false })
    changes = []
  }
  for await (const key of store.keys(keys.markRange())) await change({ delete: key })
  for (const kind of itemKinds) {
    for await (const [key, value] of store.entries(ranges[kind]())) {
      const decoded = decodeValue(value)
      if (decoded === undefined) continue
      await change({ put: keys.mark(kind, itemMark(kind, key, decoded.version)), value: utf8(key) })
    }
  }
  await store.write([...changes, { put: indexed, value: utf8('1') }], { sync: true })
}

function decodeValue(value: Uint8Array): { version: string; bytes: Uint8Array } | undefined {
  const reader = new ByteReader(value)
  const version = reader.prefixed(256)
  const text = version === undefined ? undefined : utf8Decode(version)
  const bytes = reader.rest()
  return text === undefined || bytes.length > maxItemBytes ? undefined : { version: text, bytes }
}
