import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { formatInstant } from '../core/instant.ts'
import { maxGossipItems, maxNodeGossipBytes, receiptBatchMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import { type Item, sizeOfItems } from '../sync/item.ts'
import { encodeWithCertificate } from '../verification/node-documents.ts'
import { sealEnvelopeAside } from '../verification/node-envelope.ts'
import { ed25519PublicKey } from '../verification/node-keys.ts'
import type { CollectorNode } from './collector.ts'
import type { MemberOptions } from './member.ts'

/** Signed receipts for answers to this node's own actions: with one, the agent forgets the answer (protocol 7.2). */
export interface ReceiptWriter {
  /** The receipt for an answer that is held here, made now if it is not there yet; undefined when it is not this node's to give. */
  receiptFor(actionId: string, peer: PeerId): Promise<Item | undefined>
  /** The same, and tells the neighbours; several of them in one message.
   *  @param hash of the answer, which is on the disk by now */
  confirm(actionId: string, peer: PeerId, hash: string): Promise<void>
}

export function createReceiptWriter(
  node: () => CollectorNode,
  options: MemberOptions,
  ports: { readonly clock: Clock; readonly log: (event: string, details?: Record<string, unknown>) => void },
): ReceiptWriter {
  const { clock, log } = ports
  const { fleet, peerid: self } = options.certificate
  const signer = ed25519PublicKey(options.peerKeySeed)
  const batch: Item[] = []

  async function receiptFor(actionId: string, peer: PeerId, hash?: string): Promise<Item | undefined> {
    const { ledger, shelf, door } = node()
    const before = await shelf.get('receipt', keys.receipt(actionId, peer))
    if (before !== undefined) return { kind: 'receipt', bytes: before.bytes }
    if (ledger.actions.get(actionId)?.action.origin !== self) return undefined
    const result = hash ?? (await shelf.get('result', keys.result(actionId, peer)))?.version
    if (result === undefined) return undefined
    const at = clock.now()
    const body = {
      v: 1,
      fleet,
      actionid: actionId,
      peerid: peer,
      result,
      collector: self,
      at: formatInstant(at),
    } as const
    const envelope = await sealEnvelopeAside('mig-receipt', body, options.peerKeySeed)
    const bytes = encodeWithCertificate(options.certificateWire, envelope)
    const verdict = await door.enterOwnReceipt({ receipt: { ...body, at }, signer, wire: envelope, bytes })
    return verdict.kind === 'accept' ? { kind: 'receipt', bytes } : undefined
  }

  function send(): void {
    const items = batch.splice(0)
    if (items.length === 0) return
    node()
      .publish('results', ...items)
      .catch((error: unknown) => log('receipts-not-sent', { error: messageOf(error) }))
  }

  return {
    receiptFor: (actionId, peer) => receiptFor(actionId, peer),
    async confirm(actionId, peer, hash) {
      const item = await receiptFor(actionId, peer, hash)
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
  return items.length <= maxGossipItems && sizeOfItems(items) <= maxNodeGossipBytes
}
