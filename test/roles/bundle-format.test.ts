import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, prefixed, uvarint } from '../../node/core/bytes.ts'
import { utf8 } from '../../node/core/encoding.ts'
import {
  maxBundleBlockBytes,
  maxBundleBlockItems,
  maxBundleItems,
  maxItemBytes,
} from '../../node/core/limits.ts'
import { type BundlePart, createBundleWriter, readBundle } from '../../node/roles/bundle-format.ts'
import { encodeItems, type Item, itemKinds } from '../../node/sync/item.ts'

const fleet = 'a'.repeat(52)

async function written(items: readonly Item[], ofFleet = fleet): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const writer = await createBundleWriter(ofFleet, async (bytes) => void parts.push(Uint8Array.from(bytes)))
  for (const item of items) await writer.add(item)
  expect(await writer.finish()).toBe(parts.reduce((sum, part) => sum + part.length, 0))
  return concat(parts)
}

/** In pieces of some size, as a disk gives them. */
async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function partsOf(chunks: AsyncIterable<Uint8Array>): Promise<BundlePart[]> {
  const parts: BundlePart[] = []
  for await (const part of readBundle(chunks)) parts.push(part)
  return parts
}
const itemsOf = (parts: readonly BundlePart[]) =>
  parts.flatMap((part) => (part.kind === 'items' ? part.items : []))
const endOf = (parts: readonly BundlePart[]) => parts.at(-1)

/** Blocks with checks that hold, whatever is in them. */
function forged(contents: readonly Uint8Array[]): Uint8Array {
  let bytes = concat([utf8('MIGB'), Uint8Array.of(1)])
  for (const content of [utf8(fleet), ...contents]) {
    bytes = concat([bytes, prefixed(content)])
    bytes = concat([bytes, createHash('sha256').update(bytes).digest().subarray(0, 8)])
  }
  return bytes
}

const someItems: fc.Arbitrary<Item[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...itemKinds), bytes: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 40 },
)

describe('a bundle', () => {
  it('is exactly these bytes (protocol 10)', async () => {
    const bytes = await written([
      { kind: 'root', bytes: utf8('first') },
      { kind: 'receipt', bytes: utf8('last') },
    ])
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `4d4947420134${'61'.repeat(52)}bce3fca469d9612b0d0005666972737409046c617374c16e2efb5447c88e004b32a32e9d0be33b`,
    )
  })

  it('gives back what was put in, in order, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(someItems, fc.integer({ min: 1, max: 2000 }), async (items, size) => {
        const parts = await partsOf(inPieces(await written(items), size))
        expect(parts[0]).toEqual({ kind: 'header', fleet })
        expect(itemsOf(parts)).toEqual(items)
        expect(endOf(parts)?.kind).toBe('end')
      }),
      { numRuns: 50 },
    )
  })

  it('holds many blocks, and items of the largest size', async () => {
    const items: Item[] = Array.from({ length: 300 }, (_, i) => ({
      kind: 'result',
      bytes: new Uint8Array(6000).fill(i),
    }))
    items.push(
      { kind: 'policy', bytes: new Uint8Array(maxItemBytes) },
      { kind: 'policy', bytes: new Uint8Array(maxItemBytes) },
    )
    const parts = await partsOf(inPieces(await written(items)))
    expect(parts.filter(({ kind }) => kind === 'items').length).toBeGreaterThan(5)
    expect(itemsOf(parts).length).toBe(items.length)
    expect(endOf(parts)?.kind).toBe('end')
  })
})

describe('a hostile or damaged bundle', () => {
  it('that was cut short anywhere gives its whole blocks and says where it ends', async () => {
    const whole = await written([
      { kind: 'action', bytes: utf8('one') },
      { kind: 'cancel', bytes: utf8('two') },
    ])
    for (let length = 0; length < whole.length; length++) {
      const end = endOf(await partsOf(inPieces(whole.subarray(0, length))))
      expect(end).toMatchObject({ kind: 'damaged' })
    }
    const withoutEnd = await partsOf(inPieces(whole.subarray(0, whole.length - 1)))
    expect(itemsOf(withoutEnd)).toHaveLength(2)
    expect(endOf(withoutEnd)).toEqual({
      kind: 'damaged',
      position: whole.length - 9,
      reason: 'it ends in the middle',
    })
  })

  it('with one changed bit anywhere never gives another item, and is never whole', async () => {
    const items: Item[] = Array.from({ length: 3 }, (_, i) => ({
      kind: 'action',
      bytes: utf8(`action ${i}`),
    }))
    const whole = await written(items)
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Uint8Array.from(whole)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const parts = await partsOf(inPieces(bytes))
      expect(endOf(parts)?.kind).toBe('damaged')
      expect([[], items]).toContainEqual(itemsOf(parts))
    }
  })

  it('of any bytes at all ends in a verdict', async () => {
    const start = concat([utf8('MIGB'), Uint8Array.of(1)])
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, withMagic) => {
        const parts = await partsOf(inPieces(withMagic ? concat([start, bytes]) : bytes))
        expect(parts.length).toBe(1)
        expect(parts[0]?.kind).toBe('damaged')
      }),
      { numRuns: 300 },
    )
  })

  it('that claims an oversized block is refused before the block is read', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield forged([])
      yield uvarint(maxBundleBlockBytes + 1)
      for (;;) {
        given += 65_536
        yield new Uint8Array(65_536)
      }
    }
    const end = endOf(await partsOf(endless()))
    expect(end).toMatchObject({ kind: 'damaged', reason: `a block has at most ${maxBundleBlockBytes} bytes` })
    expect(given).toBe(0)
  })

  it('that spells a length in more bytes than it needs, or without an end, is refused', async () => {
    for (const length of [Uint8Array.of(0x80, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)]) {
      const end = endOf(await partsOf(inPieces(concat([forged([]), length, new Uint8Array(100)]))))
      expect(end).toMatchObject({ kind: 'damaged', position: forged([]).length })
    }
  })

  it('of a million tiny items is refused, block by block and as a whole', async () => {
    const tiny: Item = { kind: 'root', bytes: new Uint8Array(0) }
    const block = (count: number) => encodeItems(Array.from({ length: count }, () => tiny))
    // Kind 0, no bytes: half a million of them.
    const one = await partsOf(inPieces(forged([new Uint8Array(1_000_000)])))
    expect(endOf(one)).toMatchObject({ kind: 'damaged', reason: 'a block holds neither items nor pages' })
    const many = forgedBlocks(block(maxBundleBlockItems), Math.ceil(1_000_000 / maxBundleBlockItems))
    let items = 0
    let end: BundlePart | undefined
    for await (const part of readBundle(many)) {
      if (part.kind === 'items') items += part.items.length
      end = part
    }
    expect(end).toMatchObject({ kind: 'damaged', reason: `a bundle has at most ${maxBundleItems} items` })
    expect(items).toBeLessThanOrEqual(maxBundleItems)
  })

  it('with something after its end, an unknown kind or an item that is longer than its block is refused', async () => {
    const end = concat([forged([new Uint8Array(0)]), Uint8Array.of(1)])
    expect(endOf(await partsOf(inPieces(end)))).toMatchObject({
      kind: 'damaged',
      reason: 'something follows its end',
    })
    for (const frame of [
      concat([uvarint(10), prefixed(utf8('x'))]),
      concat([uvarint(1), uvarint(9), utf8('x')]),
    ])
      expect(endOf(await partsOf(inPieces(forged([frame]))))).toMatchObject({ kind: 'damaged' })
  })

  it('whose blocks were put in another order is noticed', async () => {
    const one = encodeItems([{ kind: 'action', bytes: utf8('one') }])
    const two = encodeItems([{ kind: 'action', bytes: utf8('two') }])
    const whole = forged([one, two, new Uint8Array(0)])
    const start = forged([]).length
    const size = one.length + 1 + 8
    const swapped = concat([
      whole.subarray(0, start),
      whole.subarray(start + size, start + 2 * size),
      whole.subarray(start, start + size),
      whole.subarray(start + 2 * size),
    ])
    const parts = await partsOf(inPieces(swapped))
    expect(itemsOf(parts)).toEqual([])
    expect(endOf(parts)).toMatchObject({ kind: 'damaged', position: start })
  })

  it('cannot be written: more than a reader takes is an error', async () => {
    const writer = await createBundleWriter(fleet, async () => undefined)
    const add = async () => {
      for (let i = 0; i <= maxBundleItems; i++) await writer.add({ kind: 'root', bytes: new Uint8Array(0) })
    }
    await expect(add()).rejects.toMatchObject({ code: 'too-large' })
  })
})

/** The same block again and again, each with its check, as it is read. */
async function* forgedBlocks(content: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  const put = (bytes: Uint8Array) => {
    hash.update(bytes)
    return bytes
  }
  yield put(forged([]))
  for (let i = 0; i < count; i++) {
    yield put(prefixed(content))
    yield put(Uint8Array.from(hash.copy().digest().subarray(0, 8)))
  }
}
