import { createHash, type Hash } from 'node:crypto'
import { concat, equalBytes, prefixed, uvarint } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import {
  bundleBlockBytes,
  maxBundleBlockBytes,
  maxBundleBlockItems,
  maxBundleBytes,
  maxBundleItems,
} from '../core/limits.ts'
import { decodeItems, encodeItems, type Item } from '../sync/item.ts'
import { type BundlePage, decodePages, encodePages } from './bundle-pages.ts'

/** A bundle, the mesh on a stick (protocol 10):
 *
 *      "MIGB" 0x01 ‖ block(fleet) ‖ block(frame of items)… ‖ block(pages)… ‖ block(nothing)        block(x) = prefixed(x) ‖ check
 *
 *  `check` is the first 8 bytes of SHA-256 over the whole file up to it: a torn copy, a changed bit or a block in another place is
 *  noticed before anything of it is used. It keeps no forger out; that is what the door is for. */

const magic = concat([utf8('MIGB'), Uint8Array.of(1)])
const checkBytes = 8
/** Kind and length of an item, at most. */
const itemHeadBytes = 5
/** A fleet's name has 52 characters. */
const maxFleetBytes = 64

export type BundlePart =
  | { readonly kind: 'header'; readonly fleet: string }
  /** @property position where the block begins, in bytes */
  | { readonly kind: 'items'; readonly items: readonly Item[]; readonly position: number }
  | { readonly kind: 'pages'; readonly pages: readonly BundlePage[]; readonly position: number }
  | { readonly kind: 'end'; readonly bytes: number }
  /** Nothing after this is used; what came before it was whole. */
  | { readonly kind: 'damaged'; readonly position: number; readonly reason: string }

/** Reads a bundle as it comes, never more than one block at a time. The last part is `end` or `damaged`. */
export async function* readBundle(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BundlePart, void> {
  const reader = createReader(chunks)
  const damaged = (position: number, reason: string): BundlePart => ({ kind: 'damaged', position, reason })
  const start = await reader.take(magic.length)
  if (start === undefined) return yield damaged(0, 'too short for a bundle')
  if (!equalBytes(start, magic)) return yield damaged(0, 'not a bundle, or of a later version')
  let items = 0
  for (let first = true; ; first = false) {
    const position = reader.position
    if (position > maxBundleBytes)
      return yield damaged(position, `a bundle has at most ${maxBundleBytes} bytes`)
    const block = await takeBlock(reader, first ? maxFleetBytes : maxBundleBlockBytes)
    if (typeof block === 'string') return yield damaged(position, block)
    if (first) {
      yield { kind: 'header', fleet: utf8Decode(block) ?? '' }
    } else if (block.length === 0) {
      const end = reader.position
      if ((await reader.take(1)) !== undefined) return yield damaged(end, 'something follows its end')
      return yield { kind: 'end', bytes: end }
    } else {
      const frame = decodeItems(block, maxBundleBlockItems)
      const pages = frame === undefined ? decodePages(block) : undefined
      items += frame?.length ?? pages?.length ?? 0
      if (items > maxBundleItems)
        return yield damaged(position, `a bundle has at most ${maxBundleItems} items`)
      if (frame !== undefined) yield { kind: 'items', items: frame, position }
      else if (pages !== undefined) yield { kind: 'pages', pages, position }
      else return yield damaged(position, 'a block holds neither items nor pages')
    }
  }
}

/** A block's content once its check holds, else what is wrong with it. */
async function takeBlock(reader: Reader, maxBytes: number): Promise<Uint8Array | string> {
  const length = await takeLength(reader)
  if (length === undefined) return 'it ends in the middle'
  if (length < 0 || length > maxBytes) return `a block has at most ${maxBytes} bytes`
  const content = await reader.take(length)
  const expected = reader.check()
  const check = content === undefined ? undefined : await reader.take(checkBytes)
  if (content === undefined || check === undefined) return 'it ends in the middle'
  return equalBytes(check, expected) ? content : 'its check does not hold: it was torn or changed'
}

/** Negative when it is no length. */
async function takeLength(reader: Reader): Promise<number | undefined> {
  let value = 0
  for (let shift = 0; shift <= 21; shift += 7) {
    const byte = (await reader.take(1))?.[0]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return byte === 0 && shift > 0 ? -1 : value
  }
  return -1
}

interface Reader {
  readonly position: number
  /** Undefined when there are not so many bytes left. */
  take(count: number): Promise<Uint8Array | undefined>
  /** Of everything taken so far. */
  check(): Uint8Array
}

function createReader(chunks: AsyncIterable<Uint8Array>): Reader {
  const source = chunks[Symbol.asyncIterator]()
  const hash = createHash('sha256')
  let buffer = new Uint8Array(0)
  let at = 0
  let position = 0
  return {
    get position() {
      return position
    },
    async take(count) {
      const parts: Uint8Array[] = []
      for (let missing = count; missing > 0; ) {
        if (at === buffer.length) {
          const next = await source.next()
          if (next.done === true) return undefined
          buffer = new Uint8Array(next.value)
          at = 0
          continue
        }
        const part = buffer.subarray(at, at + missing)
        parts.push(part)
        at += part.length
        missing -= part.length
      }
      const taken = concat(parts)
      hash.update(taken)
      position += count
      return taken
    },
    check: () => checkOf(hash),
  }
}

function checkOf(hash: Hash): Uint8Array {
  return new Uint8Array(hash.copy().digest().subarray(0, checkBytes))
}

/** Writes a bundle piece by piece. */
export interface BundleWriter {
  /** @throws MigError `too-large` above what a reader takes */
  add(item: Item): Promise<void>
  /** After all items: what comes after pages is not read by those who do not know them.
   *  @throws MigError `too-large` */
  addPage(page: BundlePage): Promise<void>
  /** @returns the bundle's size in bytes */
  finish(): Promise<number>
}

export async function createBundleWriter(
  fleet: string,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<BundleWriter> {
  const hash = createHash('sha256')
  let bytes = 0
  let count = 0
  let batch: Item[] = []
  let batchBytes = 0
  const put = async (part: Uint8Array) => {
    bytes += part.length
    if (bytes > maxBundleBytes) throw tooLarge(`more than ${maxBundleBytes} bytes`)
    hash.update(part)
    await write(part)
  }
  const block = async (content: Uint8Array) => {
    const framed = content.length === 0 ? uvarint(0) : prefixed(content)
    await put(framed)
    await put(checkOf(hash))
  }
  const flush = async () => {
    if (batch.length > 0) await block(encodeItems(batch))
    batch = []
    batchBytes = 0
  }
  await put(magic)
  await block(utf8(fleet))
  return {
    async add(item) {
      if (++count > maxBundleItems) throw tooLarge(`more than ${maxBundleItems} items`)
      const size = item.bytes.length + itemHeadBytes
      if (batchBytes + size > maxBundleBlockBytes) await flush()
      batch.push(item)
      batchBytes += size
      if (batchBytes >= bundleBlockBytes || batch.length >= maxBundleBlockItems) await flush()
    },
    async addPage(page) {
      if (++count > maxBundleItems) throw tooLarge(`more than ${maxBundleItems} items`)
      await flush()
      await block(encodePages([page]))
    },
    async finish() {
      await flush()
      await block(new Uint8Array(0))
      return bytes
    },
  }
}

function tooLarge(what: string): MigError {
  return new MigError('too-large', `a bundle cannot hold ${what}`, {
    hint: 'choose less: --action ID, --since 1d',
  })
}
