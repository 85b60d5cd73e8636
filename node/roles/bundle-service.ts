import { type Admission, accept, ignore } from '../core/admission.ts'
import { base64Decode, base64Encode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { bundleBlockBytes, maxBundleBlockItems, maxOpenExports } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import { decodeItems, encodeItems, type Item } from '../sync/item.ts'
import { type BundlePage, decodePages, encodePages } from './bundle-pages.ts'
import {
  actionFilter,
  apartFromMesh,
  type BundleSelection,
  bundleSelectionSchema,
  type Chosen,
  chooseItems,
} from './bundle-select.ts'
import { createTallier } from './bundle-tally.ts'
import type { CollectorNode } from './collector.ts'
import type { MemberPorts } from './member.ts'
import type { Announced, PageShelf } from './page-shelf.ts'
import { readRoster } from './roster.ts'
import type { InvestigatorService } from './service.ts'

type BundleService = Pick<InvestigatorService, 'importItems' | 'beginExport' | 'nextExport'>

type ChosenPage = Omit<BundlePage, 'sealed'>

/** Bundles at an investigator's node: the command reads and writes the file, the node judges and chooses. */
export function createBundleService(
  node: CollectorNode,
  ports: Pick<MemberPorts, 'clock'> & {
    /** Its own receipt for an answer that it holds, made now if it is not there yet. */
    readonly receiptFor: (actionId: string, peer: PeerId) => Promise<Item | undefined>
    readonly pages: PageShelf
    /** What the signed summary of an answer says of its pages, `none` when it holds everything; undefined where this node cannot open it. */
    readonly announcedBy: (actionId: string, peer: PeerId) => Promise<Announced | 'none' | undefined>
  },
): BundleService {
  const exports = new Map<
    string,
    { readonly items: Iterator<Chosen>; readonly pages: Iterator<ChosenPage> }
  >()
  let begun = 0

  /** A page of an answer that is here. Whether it is the right one, all of them together show. */
  async function enterPage({
    actionId,
    peer,
    announced,
    page,
    sealed,
  }: BundlePage): Promise<Admission<unknown>> {
    if (!node.ledger.actions.has(actionId)) return ignore('unknown-action', actionId)
    const key = keys.result(actionId, peer)
    if (node.shelf.markOf('result', key) === undefined)
      return ignore('unknown-action', `no answer of ${peer}`)
    const real = await ports.announcedBy(actionId, peer)
    if (real === 'none') return ignore('not-permitted', 'the answer announces no pages')
    if (real !== undefined && (real.sha256 !== announced.sha256 || real.pages !== announced.pages))
      return ignore('not-permitted', 'the answer announces other pages')
    if (ports.pages.isWhole(actionId, peer)) return ignore('already-held', '')
    const missing = await ports.pages.missing(actionId, peer, announced)
    if (!missing.includes(page)) return ignore('already-held', '')
    await ports.pages.put(actionId, peer, announced, page, sealed)
    return accept(undefined)
  }

  /** Only what was checked: nobody is given what may be junk. */
  function chosenPages(selection: BundleSelection): readonly ChosenPage[] {
    if (selection.pages !== true || selection.to !== 'investigators') return []
    const means = actionFilter(node.ledger, selection)
    return ports.pages
      .results()
      .filter(({ actionId, peer }) => means(actionId) && ports.pages.isWhole(actionId, peer))
      .flatMap((result) => Array.from({ length: result.announced.pages }, (_, page) => ({ ...result, page })))
  }

  async function nextPages(rest: Iterator<ChosenPage>): Promise<readonly BundlePage[]> {
    const pages: BundlePage[] = []
    let bytes = 0
    while (bytes < bundleBlockBytes) {
      const next = rest.next()
      if (next.done === true) break
      const { actionId, peer, page } = next.value
      const sealed = await ports.pages.get(actionId, peer, page)
      if (sealed === undefined) continue
      pages.push({ ...next.value, sealed })
      bytes += sealed.length
    }
    return pages
  }

  return {
    async importItems(frame) {
      const bytes = base64Decode(frame)
      const items = bytes === undefined ? undefined : decodeItems(bytes, maxBundleBlockItems)
      const pages = items === undefined && bytes !== undefined ? decodePages(bytes) : undefined
      if (items === undefined && pages === undefined)
        throw new MigError('bad-input', 'expected a frame of items in base64')
      const tallier = createTallier()
      for (const page of pages ?? []) tallier.count('page', await enterPage(page))
      for (const item of items ?? []) tallier.count(item.kind, await node.door.enter(item, { via: 'file' }))
      return { tally: tallier.read(), rejects: tallier.rejects }
    },
    async beginExport(wanted) {
      const parsed = bundleSelectionSchema.safeParse(wanted)
      if (!parsed.success) throw new MigError('bad-input', 'what to export cannot be read')
      const selection = parsed.data
      // What came in a moment ago may have no receipt yet; the stick is the only way for it.
      for (const key of node.shelf.keys('result')) {
        const [actionId, peer] = keys.keyParts(key) as [string, PeerId]
        if (node.ledger.actions.get(actionId)?.action.origin !== node.mesh.peerId) continue
        await ports.receiptFor(actionId, peer)
      }
      const now = ports.clock.now()
      const apart = apartFromMesh(await readRoster(node.shelf, node.ledger, now))
      const chosen = chooseItems(node, selection, now, apart)
      const counts: Record<string, number> = {}
      for (const { kind } of chosen) counts[kind] = (counts[kind] ?? 0) + 1
      const pages = chosenPages(selection)
      if (pages.length > 0) counts.page = pages.length
      const oldest = exports.keys().next().value
      if (exports.size >= maxOpenExports && oldest !== undefined) exports.delete(oldest)
      const id = `export-${begun++}`
      exports.set(id, { items: chosen[Symbol.iterator](), pages: pages[Symbol.iterator]() })
      return { id, counts }
    },
    async nextExport(id) {
      const rest = exports.get(id)
      if (rest === undefined) throw new MigError('not-found', `there is no ${id} (any more)`)
      const items: Item[] = []
      let bytes = 0
      while (bytes < bundleBlockBytes) {
        const next = rest.items.next()
        if (next.done === true) break
        const { kind, key } = next.value
        // What went meanwhile is left out.
        const held = await node.shelf.get(kind, key)
        if (held === undefined) continue
        items.push({ kind, bytes: held.bytes })
        bytes += held.bytes.length
      }
      if (items.length > 0) return base64Encode(encodeItems(items))
      const pages = await nextPages(rest.pages)
      if (pages.length > 0) return base64Encode(encodePages(pages))
      exports.delete(id)
      return null
    },
  }
}
