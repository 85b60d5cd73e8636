import { ByteReader, concat, prefixed } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { maxItemBytes } from '../core/limits.ts'
import {
  actionRange,
  cancelRange,
  certificateRange,
  heartbeatRange,
  invitationRange,
  policyRange,
  receiptRange,
  resultRange,
  rootRange,
  statusRange,
} from '../store/keyspace.ts'
import type { Change, Range, Store } from '../store/store.ts'
import { type Item, type ItemKind, itemKinds, itemMark } from '../sync/item.ts'

/** The items that a node keeps, with the mark under which each is known to others.
 *  One item a key: a newer version takes the older one's place. */
export interface Shelf {
  /** Newest first. */
  marks(kind: ItemKind): readonly string[]
  read(mark: string): Promise<Item | undefined>
  get(
    kind: ItemKind,
    key: string,
  ): Promise<{ readonly version: string; readonly bytes: Uint8Array } | undefined>
  keys(kind: ItemKind): readonly string[]
  /** The mark of what stands under a key now: it changes with the version. */
  markOf(kind: ItemKind, key: string): string | undefined
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
}

const ranges: Readonly<Record<ItemKind, () => Range>> = {
  root: rootRange,
  policy: policyRange,
  invitation: invitationRange,
  certificate: certificateRange,
  cancel: cancelRange,
  action: actionRange,
  heartbeat: heartbeatRange,
  status: statusRange,
  result: resultRange,
  receipt: receiptRange,
}

export async function openShelf(store: Store): Promise<Shelf> {
  const marksByKey = new Map<ItemKind, Map<string, string>>()
  const byMark = new Map<string, { readonly kind: ItemKind; readonly key: string }>()

  function index(kind: ItemKind, key: string, version: string): void {
    const keys = marksByKey.get(kind) ?? new Map<string, string>()
    marksByKey.set(kind, keys)
    const before = keys.get(key)
    if (before !== undefined) byMark.delete(before)
    const mark = itemMark(kind, key, version)
    // Re-inserted, so that iteration order is order of arrival.
    keys.delete(key)
    keys.set(key, mark)
    byMark.set(mark, { kind, key })
  }

  for (const kind of itemKinds) {
    for await (const [key, value] of store.entries(ranges[kind]())) {
      const decoded = decodeValue(value)
      if (decoded !== undefined) index(kind, key, decoded.version)
    }
  }

  return {
    marks: (kind) => [...(marksByKey.get(kind)?.values() ?? [])].reverse(),
    markOf: (kind, key) => marksByKey.get(kind)?.get(key),
    keys: (kind) => [...(marksByKey.get(kind)?.keys() ?? [])],
    async read(mark) {
      const place = byMark.get(mark)
      const value = place === undefined ? undefined : await store.get(place.key)
      const decoded = value === undefined ? undefined : decodeValue(value)
      // Replaced since the mark was given: what stands there now goes by another mark.
      if (
        place === undefined ||
        decoded === undefined ||
        itemMark(place.kind, place.key, decoded.version) !== mark
      )
        return undefined
      return { kind: place.kind, bytes: decoded.bytes }
    },
    async get(_kind, key) {
      const value = await store.get(key)
      return value === undefined ? undefined : decodeValue(value)
    },
    async put({ kind, key, version, bytes }, options) {
      await store.write(
        [{ put: key, value: concat([prefixed(utf8(version)), bytes]) }, ...(options.also ?? [])],
        { sync: options.sync },
      )
      index(kind, key, version)
    },
    async remove(kind, keys) {
      if (keys.length === 0) return
      await store.write(
        keys.map((key) => ({ delete: key })),
        { sync: false },
      )
      for (const key of keys) {
        const mark = marksByKey.get(kind)?.get(key)
        marksByKey.get(kind)?.delete(key)
        if (mark !== undefined) byMark.delete(mark)
      }
    },
  }
}

function decodeValue(value: Uint8Array): { version: string; bytes: Uint8Array } | undefined {
  const reader = new ByteReader(value)
  const version = reader.prefixed(256)
  const text = version === undefined ? undefined : utf8Decode(version)
  if (version === undefined || text === undefined) return undefined
  const bytes = value.subarray(value.length - remaining(value, version))
  return bytes.length > maxItemBytes ? undefined : { version: text, bytes }
}

function remaining(value: Uint8Array, version: Uint8Array): number {
  return value.length - (version.byteOffset - value.byteOffset) - version.length
}
