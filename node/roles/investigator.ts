import { messageOf } from '../core/error.ts'
import { createAnswerReader } from './answers.ts'
import { createChangeFeed } from './change-feed.ts'
import { type CollectorNode, startCollector } from './collector.ts'
import { serveDetail } from './detail.ts'
import { createInvestigatorService } from './investigator-service.ts'
import type { MemberOptions, MemberPorts } from './member.ts'
import { openPageShelf } from './page-shelf.ts'
import { createReceiptWriter } from './receipts.ts'
import type { InvestigatorService } from './service.ts'
import { createWholeResults } from './whole-result.ts'

export interface InvestigatorNode extends CollectorNode {
  readonly service: InvestigatorService
}

/** An investigator's node: asks, collects, confirms, and keeps the account. */
export async function startInvestigator(
  options: MemberOptions,
  ports: MemberPorts,
): Promise<InvestigatorNode> {
  const { clock, log } = ports
  const feed = createChangeFeed(clock)
  const synced = Promise.withResolvers<void>()
  // Set before anything can come in: the node exists while its mesh is still beginning.
  let node!: CollectorNode
  const receipts = createReceiptWriter(() => node, options, ports)
  const pages = await openPageShelf(ports.store, clock)

  await startCollector(options, ports, (collector) => {
    node = collector
    return {
      entered: (what) => {
        if (what.actionId === undefined) return
        // A receipt is for the agent: nothing of the answer changes.
        if (what.kind !== 'receipt') feed.changed(what.actionId, what.peer)
        if (what.kind !== 'result' || what.peer === undefined) return
        receipts
          .confirm(what.actionId, what.peer)
          .catch((error: unknown) => log('receipt-failed', { error: messageOf(error) }))
      },
      contradicted: feed.changed,
      synced: () => synced.resolve(),
      receiptFor: receipts.receiptFor,
      async detail(peer, stream, signal) {
        // What somebody has fetched is nobody's business who could not have fetched it himself.
        if (node.ledger.certificates.get(peer)?.certificate.role !== 'investigator')
          return stream.abort('no details here')
        await serveDetail(stream, signal, async ({ actionId, page, peer: agent }) =>
          agent !== undefined && pages.isWhole(actionId, agent)
            ? pages.get(actionId, agent, page)
            : undefined,
        )
      },
      tidied: () => pages.keepOnly((actionId) => node.ledger.actions.has(actionId)),
    }
  })
  const answers = createAnswerReader(node.shelf)
  const service = createInvestigatorService(node, options, {
    ...ports,
    answers,
    feed,
    pages,
    whole: createWholeResults(node, answers, pages, log),
    synced: synced.promise,
    receiptFor: receipts.receiptFor,
  })
  return { ...node, service }
}
