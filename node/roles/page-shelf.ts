import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { maxDetailPages, maxKeptPageBytes } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import type { Change, Store } from '../store/store.ts'
import { maxSealedPageBytes } from './detail.ts'

/** What an agent's signed summary says of the pages of its whole result. */
export interface Announced {
  readonly pages: number
  /** Over all sealed pages in order. */
  readonly sha256: string
}

/** Sealed pages of whole results that this node has fetched (protocol 3.8). One page at a time proves nothing: whoever has the public
 *  reply key can seal one. All together are checked against the digest in the signed summary, and only then given to others. */
export interface PageShelf {
  /** Pages that are not here yet, ascending. Pages kept for another digest are let go. */
  missing(actionId: string, peer: PeerId, announced: Announced): Promise<readonly number[]>
  /** Keeps one page; what is kept in all is bounded, and the oldest goes first, what is not checked before all. */
  put(actionId: string, peer: PeerId, announced: Announced, page: number, sealed: Uint8Array): Promise<void>
  get(actionId: string, peer: PeerId, page: number): Promise<Uint8Array | undefined>
  /** All pages in order, or undefined while one is missing. */
  all(actionId: string, peer: PeerId): Promise<readonly Uint8Array[] | undefined>
  /** All are here, and their digest is the one announced. */
  isWhole(actionId: string, peer: PeerId): boolean
  /** Notes that they were checked. */
  checked(actionId: string, peer: PeerId): Promise<void>
  drop(actionId: string, peer: PeerId): Promise<void>
  /** Lets go of the pages of actions that are forgotten. */
  keepOnly(isKnown: (actionId: string) => boolean): Promise<void>
  /** Results of which pages are here, the oldest first. */
  results(): readonly { readonly actionId: string; readonly peer: PeerId; readonly announced: Announced }[]
}

const recordSchema = z.strictObject({
  v: z.literal(1),
  pages: z.int().min(1).max(maxDetailPages),
  sha256: z.string().max(64),
  /** Sizes of the pages that are here, by number; 0: not here. */
  sizes: z.array(z.int().min(0).max(maxSealedPageBytes)).max(maxDetailPages),
  whole: z.boolean(),
  /** Since the epoch, in ms. */
  at: z.number(),
})
type Kept = z.output<typeof recordSchema>

/** @param maxBytes for tests */
export async function openPageShelf(
  store: Store,
  clock: Clock,
  maxBytes: number = maxKeptPageBytes,
): Promise<PageShelf> {
  const kept = await readKept(store)
  let bytes = [...kept.values()].reduce((sum, record) => sum + bytesOf(record), 0)

  async function drop(name: string): Promise<void> {
    const record = kept.get(name)
    if (record === undefined) return
    const [actionId, peer] = name.split('/') as [string, PeerId]
    kept.delete(name)
    bytes -= bytesOf(record)
    const pages = record.sizes.flatMap((size, page): Change[] =>
      size === 0 ? [] : [{ delete: keys.fetchedPage(actionId, peer, page) }],
    )
    await store.write([{ delete: keys.fetchedPages(actionId, peer) }, ...pages], { sync: false })
  }

  async function makeRoom(wanted: number, except: string): Promise<void> {
    if (bytes + wanted <= maxBytes) return
    const others = [...kept].filter(([name]) => name !== except)
    others.sort(([, a], [, b]) => Number(a.whole) - Number(b.whole) || a.at - b.at)
    // What nobody has checked may be junk off a stick: it drives out other such, and of the rest no more than one result's room.
    for (const [name] of others) {
      if (bytes + wanted <= maxBytes) return
      await drop(name)
    }
  }

  async function read(actionId: string, peer: PeerId, page: number): Promise<Uint8Array | undefined> {
    return (kept.get(nameOf(actionId, peer))?.sizes[page] ?? 0) === 0
      ? undefined
      : store.get(keys.fetchedPage(actionId, peer, page))
  }

  return {
    async missing(actionId, peer, announced) {
      const name = nameOf(actionId, peer)
      const record = kept.get(name)
      if (record !== undefined && !isSame(record, announced)) await drop(name)
      const { sizes = [] } = kept.get(name) ?? {}
      return Array.from({ length: announced.pages }, (_, page) => page).filter(
        (page) => (sizes[page] ?? 0) === 0,
      )
    },
    async put(actionId, peer, announced, page, sealed) {
      const name = nameOf(actionId, peer)
      if (sealed.length === 0 || sealed.length > maxSealedPageBytes || page >= announced.pages) return
      await makeRoom(sealed.length, name)
      const before = kept.get(name)
      if (before?.whole === true || (before !== undefined && !isSame(before, announced))) return
      const sizes = before?.sizes ?? new Array<number>(announced.pages).fill(0)
      const record: Kept = {
        v: 1,
        ...announced,
        sizes: sizes.with(page, sealed.length),
        whole: false,
        at: before?.at ?? clock.now(),
      }
      bytes += sealed.length - (sizes[page] ?? 0)
      kept.set(name, record)
      await store.write(
        [
          { put: keys.fetchedPage(actionId, peer, page), value: sealed },
          recordChange(actionId, peer, record),
        ],
        { sync: false },
      )
    },
    get: read,
    async all(actionId, peer) {
      const record = kept.get(nameOf(actionId, peer))
      if (record === undefined) return undefined
      const pages = await Promise.all(record.sizes.map((_, page) => read(actionId, peer, page)))
      const there = pages.filter((page) => page !== undefined)
      return there.length === record.pages ? there : undefined
    },
    isWhole: (actionId, peer) => kept.get(nameOf(actionId, peer))?.whole === true,
    async checked(actionId, peer) {
      const record = kept.get(nameOf(actionId, peer))
      if (record === undefined || record.whole) return
      kept.set(nameOf(actionId, peer), { ...record, whole: true })
      await store.write([recordChange(actionId, peer, { ...record, whole: true })], { sync: false })
    },
    drop: (actionId, peer) => drop(nameOf(actionId, peer)),
    async keepOnly(isKnown) {
      for (const name of [...kept.keys()]) if (!isKnown(name.split('/')[0] ?? '')) await drop(name)
    },
    results: () =>
      [...kept].map(([name, { pages, sha256 }]) => {
        const [actionId, peer] = name.split('/') as [string, PeerId]
        return { actionId, peer, announced: { pages, sha256 } }
      }),
  }
}

/** What was kept before; a record that cannot be read goes with its pages, and so does a page without a record. */
async function readKept(store: Store): Promise<Map<string, Kept>> {
  const found = new Map<string, Kept>()
  const gone: Change[] = []
  for await (const [key, value] of store.entries(keys.fetchedPagesRange())) {
    const parsed = recordSchema.safeParse(parse(value))
    if (parsed.success && parsed.data.sizes.length === parsed.data.pages)
      found.set(keys.keyParts(key).join('/'), parsed.data)
    else gone.push({ delete: key })
  }
  for await (const key of store.keys(keys.fetchedPageRange())) {
    const [actionId, peer, page] = keys.keyParts(key)
    if ((found.get(`${actionId}/${peer}`)?.sizes[Number(page)] ?? 0) === 0) gone.push({ delete: key })
  }
  if (gone.length > 0) await store.write(gone, { sync: false })
  return new Map([...found].sort(([, a], [, b]) => a.at - b.at))
}

function nameOf(actionId: string, peer: PeerId): string {
  return `${actionId}/${peer}`
}

function isSame(record: Kept, { pages, sha256 }: Announced): boolean {
  return record.pages === pages && record.sha256 === sha256
}

function bytesOf({ sizes }: Kept): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}

function recordChange(actionId: string, peer: PeerId, record: Kept): Change {
  return { put: keys.fetchedPages(actionId, peer), value: utf8(JSON.stringify(record)) }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(bytes) ?? '')
  } catch {
    return undefined // damaged: it is fetched anew
  }
}
