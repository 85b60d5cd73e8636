import { describe, expect, it } from 'vitest'
import { concat, prefixed, uvarint } from '../../node/core/bytes.ts'
import { utf8 } from '../../node/core/encoding.ts'
import { peerIdOf } from '../../node/core/peer-id.ts'
import { type BundlePart, createBundleWriter, readBundle } from '../../node/roles/bundle-format.ts'
import { type BundlePage, decodePages, encodePages } from '../../node/roles/bundle-pages.ts'
import { decodeItems } from '../../node/sync/item.ts'

const page: BundlePage = {
  actionId: 'a'.repeat(52),
  peer: peerIdOf(new Uint8Array(32).fill(1)),
  announced: { pages: 3, sha256: `${'b'.repeat(51)}q` },
  page: 2,
  sealed: new Uint8Array(65_536 + 48).fill(7),
}

async function* all(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('pages in a bundle', () => {
  it('are read as they were written, after all items', async () => {
    const written: Uint8Array[] = []
    const writer = await createBundleWriter(
      'c'.repeat(52),
      async (bytes) => void written.push(Uint8Array.from(bytes)),
    )
    await writer.add({ kind: 'receipt', bytes: utf8('last') })
    await writer.addPage(page)
    await writer.addPage({ ...page, page: 0, sealed: Uint8Array.of(1) })
    await writer.finish()
    const parts: BundlePart[] = []
    for await (const part of readBundle(all(concat(written)))) parts.push(part)
    expect(parts.map(({ kind }) => kind)).toEqual(['header', 'items', 'pages', 'pages', 'end'])
    expect(parts.flatMap((part) => (part.kind === 'pages' ? part.pages : []))).toEqual([
      page,
      { ...page, page: 0, sealed: Uint8Array.of(1) },
    ])
  })

  it('are no items: a session never takes them for any', () => {
    expect(decodeItems(encodePages([page]))).toBeUndefined()
    expect(decodePages(encodePages([page]))).toEqual([page])
  })

  const block = (kind: number, ...parts: readonly Uint8Array[]) =>
    concat([uvarint(kind), prefixed(concat(parts))])
  const text = (value: string) => prefixed(utf8(value))
  const head = [text(page.actionId), text(page.peer), text(page.announced.sha256)]
  it.each([
    ['another kind', block(11, ...head, uvarint(3), uvarint(2), Uint8Array.of(1))],
    ['an item', block(0, ...head, uvarint(3), uvarint(2), Uint8Array.of(1))],
    ['a page beyond the last', block(10, ...head, uvarint(3), uvarint(3), Uint8Array.of(1))],
    ['no pages', block(10, ...head, uvarint(0), uvarint(0), Uint8Array.of(1))],
    ['more pages than a result has', block(10, ...head, uvarint(257), uvarint(0), Uint8Array.of(1))],
    ['nothing sealed', block(10, ...head, uvarint(3), uvarint(2))],
    ['a page that is too large', block(10, ...head, uvarint(3), uvarint(2), new Uint8Array(70_000))],
    [
      'an id with a separator',
      block(10, text('../../x'), ...head.slice(1), uvarint(3), uvarint(2), Uint8Array.of(1)),
    ],
    [
      'no peer id',
      block(
        10,
        head[0] as Uint8Array,
        text('web1'),
        head[2] as Uint8Array,
        uvarint(3),
        uvarint(2),
        Uint8Array.of(1),
      ),
    ],
    ['half a page', encodePages([page]).subarray(0, 1000)],
  ])('%s is no page', (_, bytes) => {
    expect(decodePages(bytes)).toBeUndefined()
  })
})
