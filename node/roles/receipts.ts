import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { formatInstant } from '../core/instant.ts'
import { maxGossipItems, maxNodeGossipBytes, receiptBatchMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import { encodeItems, type Item } from '../sync/item.ts'
import { encodeWithCertificate } from '../verification/node-documents.ts'
import { sealEnvelope } from '../verification/node-envelope.ts'
import type { CollectorNode } from './collector.ts'
import type { MemberOptions } from './member.ts'

/** Signed receipts for answers to this node's own actions: with one, the agent forgets the answer (protocol 7.2). */
export interface ReceiptWriter {
  /** The receipt for an answer that is held here, made now if it is not there yet; undefined when it is not this node's to give. */
  receiptFor(actionId: string, peer: PeerId): Promise<Item | undefined>
  /** The same, and tells the neighbours; several of them in one message. */
  confirm(actionId: string, peer: PeerId): Promise<void>
}

export function createReceiptWriter(
  node: () => CollectorNode,
  options: MemberOptions,
  ports: { readonly clock: Clock; readonly log: (event: string, details?: Record<string, unknown>) => void },
): ReceiptWriter {
  const { clock, log } = ports
  const { fleet, peerid: self } = options.certificate
  const batch: Item[] = []

  async function receiptFor(actionId: string, peer: PeerId): Promise<Item | undefined> {
    const { ledger, shelf, door } = node()
    const before = await shelf.get('receipt', keys.receipt(actionId, peer))
    if (before !== undefined) return { kind: 'receipt', bytes: before.bytes }
    if (ledger.actions.get(actionId)?.action.origin !== self) return undefined
    const held = await shelf.get('result', keys.result(actionId, peer))
    if (held === undefined) return undefined
    const body = {
      v: 1,
      fleet,
      actionid: actionId,
      peerid: peer,
      result: held.version,
      collector: self,
      at: formatInstant(clock.now()),
    }
    const envelope = sealEnvelope('mig-receipt', body, options.peerKeySeed)
    const item: Item = { kind: 'receipt', bytes: encodeWithCertificate(options.certificateWire, envelope) }
    const verdict = await door.enter(item, { via: 'local' })
    return verdict.kind === 'accept' ? item : undefined
  }

  function send(): void {
    const items = batch.splice(0)
    if (items.length === 0) return
    node()
      .publish('results', ...items)
      .catch((error: unknown) => log('receipts-not-sent', { error: messageOf(error) }))
  }

  return {
    receiptFor,
    async confirm(actionId, peer) {
      const item = await receiptFor(actionId, peer)
      if (item === undefined) return
      // Each carries this node's certificate, which may be long.
      if (!isOneMessage([...batch, item])) send()
      batch.push(item)
      if (batch.length === maxGossipItems) send()
      else if (batch.length === 1) clock.after(receiptBatchMs, send)
    },
  }
}

/** Whether these items may be gossiped as one message on the results topic (protocol 6.4, 6.6). */
export function isOneMessage(items: readonly Item[]): boolean {
  return items.length <= maxGossipItems && encodeItems(items).length <= maxNodeGossipBytes
}
