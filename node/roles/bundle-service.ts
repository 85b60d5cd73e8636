import { base64Decode, base64Encode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { bundleBlockBytes, maxBundleBlockItems, maxOpenExports } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import { decodeItems, encodeItems, type Item } from '../sync/item.ts'
import { apartFromMesh, bundleSelectionSchema, type Chosen, chooseItems } from './bundle-select.ts'
import { createTallier } from './bundle-tally.ts'
import type { CollectorNode } from './collector.ts'
import type { MemberPorts } from './member.ts'
import { readRoster } from './roster.ts'
import type { InvestigatorService } from './service.ts'

type BundleService = Pick<InvestigatorService, 'importItems' | 'beginExport' | 'nextExport'>

/** Bundles at an investigator's node: the command reads and writes the file, the node judges and chooses. */
export function createBundleService(
  node: CollectorNode,
  ports: Pick<MemberPorts, 'clock'> & {
    /** Its own receipt for an answer that it holds, made now if it is not there yet. */
    readonly receiptFor: (actionId: string, peer: PeerId) => Promise<Item | undefined>
  },
): BundleService {
  const exports = new Map<string, Iterator<Chosen>>()
  let begun = 0

  return {
    async importItems(frame) {
      const bytes = base64Decode(frame)
      const items = bytes === undefined ? undefined : decodeItems(bytes, maxBundleBlockItems)
      if (items === undefined) throw new MigError('bad-input', 'expected a frame of items in base64')
      const tallier = createTallier()
      for (const item of items) tallier.count(item.kind, await node.door.enter(item, { via: 'file' }))
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
      const oldest = exports.keys().next().value
      if (exports.size >= maxOpenExports && oldest !== undefined) exports.delete(oldest)
      const id = `export-${begun++}`
      exports.set(id, chosen[Symbol.iterator]())
      return { id, counts }
    },
    async nextExport(id) {
      const rest = exports.get(id)
      if (rest === undefined) throw new MigError('not-found', `there is no ${id} (any more)`)
      const items: Item[] = []
      let bytes = 0
      while (bytes < bundleBlockBytes) {
        const next = rest.next()
        if (next.done === true) {
          if (items.length === 0) exports.delete(id)
          break
        }
        const { kind, key } = next.value
        // What went meanwhile is left out.
        const held = await node.shelf.get(kind, key)
        if (held === undefined) continue
        items.push({ kind, bytes: held.bytes })
        bytes += held.bytes.length
      }
      return items.length === 0 ? null : base64Encode(encodeItems(items))
    },
  }
}
