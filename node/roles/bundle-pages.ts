import { ByteReader, concat, prefixed, uvarint } from '../core/bytes.ts'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { isDocumentId } from '../core/envelope.ts'
import { maxBundleBlockItems, maxDetailPages } from '../core/limits.ts'
import { type PeerId, parsePeerId } from '../core/peer-id.ts'
import { itemKinds } from '../sync/item.ts'
import { maxSealedPageBytes } from './detail.ts'
import type { Announced } from './page-shelf.ts'

/** One sealed page of an agent's whole result, as a bundle carries it (protocol 10.6). */
export interface BundlePage {
  readonly actionId: string
  readonly peer: PeerId
  /** As whoever wrote the bundle says; the signed summary has the last word. */
  readonly announced: Announced
  readonly page: number
  readonly sealed: Uint8Array
}

/** Beyond all kinds of items: nodes never exchange pages in sessions. A reader that does not know it ends there, with all items read. */
const kind = itemKinds.length
const maxHeadBytes = 256

/** `(uvarint(10) ‖ prefixed(prefixed(action id) ‖ prefixed(peer id) ‖ prefixed(sha256) ‖ uvarint(pages) ‖ uvarint(page) ‖ sealed))…` */
export function encodePages(pages: readonly BundlePage[]): Uint8Array {
  return concat(
    pages.flatMap(({ actionId, peer, announced, page, sealed }) => {
      const texts = [actionId, peer, announced.sha256].map((text) => prefixed(utf8(text)))
      return [uvarint(kind), prefixed(concat([...texts, uvarint(announced.pages), uvarint(page), sealed]))]
    }),
  )
}

/** Undefined when the block holds anything else. */
export function decodePages(block: Uint8Array): readonly BundlePage[] | undefined {
  const reader = new ByteReader(block)
  const pages: BundlePage[] = []
  while (!reader.done) {
    const isPage = reader.uvarint() === kind
    const bytes = isPage ? reader.prefixed(maxSealedPageBytes + maxHeadBytes) : undefined
    const page = bytes === undefined ? undefined : decodePage(bytes)
    if (page === undefined || pages.length >= maxBundleBlockItems) return undefined
    pages.push(page)
  }
  return pages
}

function decodePage(bytes: Uint8Array): BundlePage | undefined {
  const reader = new ByteReader(bytes)
  const [actionId, id, sha256] = [0, 1, 2].map(() => {
    const part = reader.prefixed(64)
    return part === undefined ? undefined : utf8Decode(part)
  })
  const [pages, page] = [reader.uvarint(), reader.uvarint()]
  const sealed = reader.rest()
  const peer = id === undefined ? undefined : parsePeerId(id)
  if (actionId === undefined || !isDocumentId(actionId) || peer === undefined) return undefined
  if (sha256 === undefined || !isDocumentId(sha256)) return undefined
  if (pages === undefined || pages < 1 || pages > maxDetailPages) return undefined
  if (page === undefined || page >= pages || sealed.length === 0) return undefined
  if (sealed.length > maxSealedPageBytes) return undefined
  return { actionId, peer, announced: { pages, sha256 }, page, sealed }
}
