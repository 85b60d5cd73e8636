import { MigError, messageOf } from '../core/error.ts'
import { maxDetailSources, syncDeadlineMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { detailDigest, openPage, parseDetail } from '../verification/seal.ts'
import type { AnswerReader } from './answers.ts'
import type { CollectorNode } from './collector.ts'
import { fetchDetail } from './detail.ts'
import type { Announced, PageShelf } from './page-shelf.ts'
import type { ResultView } from './service.ts'

export interface WholeResultRequest {
  readonly action: string
  readonly view: ResultView
  readonly replySeed: Uint8Array | undefined
  /** Where the agent says that it can be reached, relays included: its latest heartbeat. */
  readonly addresses: readonly string[]
}

/** Fetches whole results: one at a time of one agent, however many commands ask for it. */
export interface WholeResults {
  /** One agent's whole result: the summary when it holds all of it, else the sealed pages, from whoever has them: this node itself,
   *  the agent, other investigators' nodes. What came is kept; all together are checked against the digest in the signed summary.
   *  @throws MigError `not-found`, `not-reachable`, `bad-input` when the pages are not those that were announced */
  fetch(request: WholeResultRequest): Promise<ResultView>
}

export function createWholeResults(
  node: CollectorNode,
  answers: AnswerReader,
  shelf: PageShelf,
  log: (event: string, details?: Record<string, unknown>) => void,
): WholeResults {
  const running = new Map<string, Promise<ResultView>>()

  async function fetchOne(request: WholeResultRequest): Promise<ResultView> {
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
    const pages = await gather(request, peer, summary.detail)
    const opened = pages.map((sealed, page) => openPage(sealed, page, action, peer, replySeed))
    const results = opened.every((page) => page !== undefined) ? parseDetail(opened) : undefined
    if (results === undefined) throw new MigError('bad-input', `the pages of ${view.agent} cannot be opened`)
    return { ...view, results, truncated: results.some((result) => result.truncated === true) }
  }

  /** Pages that are proved to be those announced. */
  async function gather(
    request: WholeResultRequest,
    peer: PeerId,
    announced: Announced,
  ): Promise<readonly Uint8Array[]> {
    const { action, view } = request
    const faults: string[] = []
    let hasWrong = false
    /** Undefined while some are missing, or when all turned out to be others; then none is kept. */
    const proved = async (): Promise<readonly Uint8Array[] | undefined> => {
      if ((await shelf.missing(action, peer, announced)).length > 0) return undefined
      const pages = await shelf.all(action, peer)
      if (pages !== undefined && detailDigest(pages) === announced.sha256) {
        await shelf.checked(action, peer)
        return pages
      }
      await shelf.drop(action, peer)
      hasWrong = true
      return undefined
    }
    const here = await proved()
    if (here !== undefined) return here
    // A page that came earlier may be the wrong one: whoever gives the rest is then asked for all, once.
    for (const source of sourcesOf(request, peer)) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const isFromHereOn = (await shelf.missing(action, peer, announced)).length === announced.pages
        try {
          await take(source, request, peer, announced)
        } catch (error) {
          faults.push(`${source.name}: ${messageOf(error)}`)
          break
        }
        const pages = await proved()
        if (pages !== undefined) return pages
        log('pages-wrong', { action, agent: peer, from: source.peer, alone: isFromHereOn })
        if (!isFromHereOn) continue
        faults.push(`${source.name} gave other pages than were announced`)
        break
      }
    }
    const { length: missing } = await shelf.missing(action, peer, announced)
    const some =
      missing === announced.pages
        ? ''
        : ` (${announced.pages - missing} of ${announced.pages} pages are here)`
    throw new MigError(hasWrong ? 'bad-input' : 'not-reachable', `${faults.join('; ')}${some}`, {
      hint: `it goes on where it stopped when ${view.agent}, or an investigator’s node that has fetched it, is in reach; on that host, mig doctor says why nobody can dial it`,
    })
  }

  interface Source {
    readonly peer: PeerId
    readonly name: string
    /** Dialled when there is no link. */
    readonly addresses: readonly string[]
  }

  /** Whoever is linked goes before whoever has to be dialled, and the agent before others. */
  function sourcesOf({ view, addresses }: WholeResultRequest, agent: PeerId): readonly Source[] {
    const linked = new Set(node.mesh.members().map((member) => member.peer))
    const others = [...node.ledger.certificates.values()]
      .map(({ certificate }) => certificate)
      .filter(({ role, peerid }) => role === 'investigator' && peerid !== node.mesh.peerId)
      .map(({ peerid, name }) => ({ peer: peerid, name, addresses: node.addressBook.addressesOf(peerid) }))
      .filter(({ peer, addresses: known }) => linked.has(peer) || known.length > 0)
    const ofAgent = [...new Set([...addresses, ...node.addressBook.addressesOf(agent)])]
    const rank = ({ peer }: Source) => (linked.has(peer) ? 0 : 1)
    const asked = others.sort((a, b) => rank(a) - rank(b)).slice(0, maxDetailSources)
    return [{ peer: agent, name: view.agent, addresses: ofAgent }, ...asked].sort((a, b) => rank(a) - rank(b))
  }

  async function take(
    source: Source,
    { action }: WholeResultRequest,
    agent: PeerId,
    announced: Announced,
  ): Promise<void> {
    if (!node.mesh.members().some(({ peer }) => peer === source.peer)) {
      if (source.addresses.length === 0)
        throw new MigError('not-reachable', 'it is not connected to this node and has no address')
      await node.mesh.dial(source.addresses, { signal: AbortSignal.timeout(10_000) })
    }
    const signal = AbortSignal.timeout(syncDeadlineMs)
    const stream = await node.mesh.open(source.peer, 'detail', { signal })
    try {
      const pages = await shelf.missing(action, agent, announced)
      const peer = source.peer === agent ? undefined : agent
      await fetchDetail(stream, signal, { actionId: action, peer, pages }, (page, sealed) =>
        shelf.put(action, agent, announced, page, sealed),
      )
      log('pages-fetched', { action, agent, from: source.peer, pages: pages.length })
    } finally {
      await stream.close().catch(() => stream.abort('detail over'))
    }
  }

  return {
    fetch(request) {
      const name = `${request.action} ${request.view.peer}`
      const before = running.get(name)
      if (before !== undefined) return before
      const started = fetchOne(request).finally(() => running.delete(name))
      running.set(name, started)
      return started
    },
  }
}
