import { MigError } from '../core/error.ts'
import { syncDeadlineMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { detailDigest, openPage, parseDetail } from '../verification/seal.ts'
import type { AnswerReader } from './answers.ts'
import type { CollectorNode } from './collector.ts'
import { fetchDetail } from './detail.ts'
import type { ResultView } from './service.ts'

/** One agent's whole result: the summary when it holds all of it, else the sealed pages, fetched from the agent and checked
 *  against the digest in the signed summary.
 *  @throws MigError `not-found`, `not-reachable`, `bad-input` when the pages are not those that were announced */
export async function fetchWholeResult(
  node: CollectorNode,
  answers: AnswerReader,
  request: {
    readonly action: string
    readonly view: ResultView
    readonly replySeed: Uint8Array | undefined
    /** Where the agent says that it can be reached, relays included: its latest heartbeat. */
    readonly addresses: readonly string[]
  },
): Promise<ResultView> {
  const { action, view, replySeed } = request
  const peer = view.peer as PeerId
  const held = (await answers.read(action, replySeed)).find((answer) => answer.peer === peer)
  const summary = held?.summary
  if (replySeed === undefined || summary === undefined || typeof summary === 'string') {
    throw new MigError('not-found', 'this node cannot read the answers to that action', {
      hint: 'send the action file from here, so that its reply key is opened with your key',
    })
  }
  if (summary.detail === undefined) return view
  if (!node.mesh.members().some((member) => member.peer === peer)) {
    const addresses = [...new Set([...request.addresses, ...node.addressBook.addressesOf(peer)])]
    if (addresses.length === 0)
      throw new MigError('not-reachable', `${view.agent} is not connected to this node and has no address`, {
        hint: 'it can be asked again while it is linked to this node; on that host, mig doctor says why nobody can dial it',
      })
    await node.mesh.dial(addresses, { signal: AbortSignal.timeout(10_000) })
  }
  const signal = AbortSignal.timeout(syncDeadlineMs)
  const stream = await node.mesh.open(peer, 'detail', { signal })
  const pages: Uint8Array[] = []
  try {
    await fetchDetail(
      stream,
      signal,
      { actionId: action, first: 0, pages: summary.detail.pages },
      async (_page, sealed) => {
        pages.push(sealed)
      },
    )
  } finally {
    await stream.close().catch(() => stream.abort('detail over'))
  }
  if (detailDigest(pages) !== summary.detail.sha256)
    throw new MigError('bad-input', `${view.agent} sent other pages than it had announced`)
  const opened = pages.map((sealed, page) => openPage(sealed, page, action, peer, replySeed))
  const results = opened.every((page) => page !== undefined) ? parseDetail(opened) : undefined
  if (results === undefined) throw new MigError('bad-input', `the pages of ${view.agent} cannot be opened`)
  return { ...view, results, truncated: results.some((result) => result.truncated === true) }
}
