import { findModule } from '../../modules/registry.ts'
import { type Accounting, account, type Expected, type Line } from '../core/accounting.ts'
import { describeWeighing } from '../core/acl.ts'
import { summaryBytesOf } from '../core/action.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Json } from '../core/canonical-json.ts'
import { base64Decode, base64Encode } from '../core/encoding.ts'
import { decodeEnvelope, documentId, encodeEnvelope } from '../core/envelope.ts'
import { MigError } from '../core/error.ts'
import { formatInstant } from '../core/instant.ts'
import { handOnWaitMs, rosterWaitMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import { parseTarget, selectAgents } from '../core/target.ts'
import * as keys from '../store/keyspace.ts'
import type { Item } from '../sync/item.ts'
import { weighAction } from '../verification/authorize-action.ts'
import { x25519PublicKey } from '../verification/node-keys.ts'
import type { VerifiedAction } from '../verification/verify-action.ts'
import { createActionUpdates } from './action-updates.ts'
import { type AnswerReader, accountable, type HeldAnswer, judgedFewer, timesOf } from './answers.ts'
import { createBundleService } from './bundle-service.ts'
import type { ChangeFeed } from './change-feed.ts'
import { clockMinutes, clockWords } from './clock-difference.ts'
import { type CollectorNode, spreadAction } from './collector.ts'
import { draftAction } from './draft-action.ts'
import { readExpectedSet, writeExpectedSet } from './expected-set.ts'
import { handOn } from './hand-on.ts'
import { readInvitations } from './invitations.ts'
import { membershipFault } from './ledger.ts'
import type { MemberOptions, MemberPorts } from './member.ts'
import { memberViews } from './network-view.ts'
import type { PageShelf } from './page-shelf.ts'
import { readAction } from './read-action.ts'
import { type RosterRow, readRoster } from './roster.ts'
import type { ActionView, AgentView, InvestigatorService, ResultView } from './service.ts'
import type { WholeResults } from './whole-result.ts'

/** The service of a running investigator's node. */
export function createInvestigatorService(
  node: CollectorNode,
  options: MemberOptions,
  ports: MemberPorts & {
    readonly answers: AnswerReader
    readonly feed: ChangeFeed
    readonly whole: WholeResults
    readonly pages: PageShelf
    readonly synced: Promise<void>
    readonly receiptFor: (actionId: string, peer: PeerId) => Promise<Item | undefined>
  },
): InvestigatorService {
  const { store, clock, log, answers, feed, synced } = ports
  const { fleet, peerid: self, name } = options.certificate
  const { ledger, shelf } = node

  const policy = () => {
    if (ledger.policy === undefined)
      throw new MigError('not-enrolled', 'this node has no policy yet', {
        hint: 'it is fetched from the first relay or member that it reaches',
      })
    return ledger.policy
  }
  const find = (id: string): VerifiedAction => {
    const matches = [...ledger.actions.values()].filter((action) => action.id.startsWith(id))
    if (matches.length === 1 && matches[0] !== undefined) return matches[0]
    throw new MigError(
      'not-found',
      matches.length === 0
        ? `there is no action ${id} here`
        : `${id} is the beginning of ${matches.length} actions`,
      { hint: 'mig action list' },
    )
  }
  const replySeedOf = (id: string) => store.get(keys.replyKey(id))
  const nameOf = (peer: PeerId) => ledger.certificates.get(peer)?.certificate.name ?? peer
  const roster = () => readRoster(shelf, ledger, clock.now())

  async function expectedOf(
    action: Pick<VerifiedAction['action'], 'target' | 'only'>,
  ): Promise<readonly Expected[]> {
    const target = await parseTarget(action.target)
    const rows = selectAgents(target, await roster(), clock.now())
    const only = action.only === undefined ? undefined : new Set<string>(action.only)
    return rows
      .filter((row) => only?.has(row.id) ?? true)
      .map((row) => ({ peer: row.id as PeerId, name: row.name }))
  }

  /** The frozen set and the answers that count for it. */
  async function accountOf(action: VerifiedAction): Promise<Accounting> {
    const { id } = action
    const set = (await readExpectedSet(store, id)) ?? { expected: [] }
    const held = await answers.read(id, await replySeedOf(id))
    const counted = accountable(held, judgedFewer(action, policy()))
    const accounting = account(set.expected, counted, nameOf, node.aside.contradicting(id))
    return { ...accounting, silent: accounting.silent.map(withClock) }
  }

  /** Why it may be silent: for a clock that is wrong a question has expired, or is one of the future. */
  const withClock = (line: Line): Line => {
    const aheadMs = node.clocks.differing().get(line.peer)
    if (aheadMs === undefined) return line
    const clockAheadMinutes = clockMinutes(aheadMs)
    const note = `${line.note}; its clock was ${clockWords(clockAheadMinutes)} when last met`
    return { ...line, note, clockAheadMinutes }
  }

  const updates = createActionUpdates({
    feed,
    reader: answers,
    replySeedOf,
    expectedOf: async (id) => (await readExpectedSet(store, id))?.expected ?? [],
    accountable: (action) => {
      const isOutdated = judgedFewer(action, policy())
      return (held) => accountable(held, isOutdated)
    },
    situationOf: (action) => `${policy().hash} ${[...action.signingKeys.values()].join(' ')}`,
  })

  /** `--target-found`: those that had a hit, or did not, in an earlier action (protocol 3.3). */
  async function onlyFrom(id: string, found: boolean): Promise<readonly PeerId[]> {
    const action = find(id)
    const held = await answers.read(action.id, await replySeedOf(action.id))
    const verdicts = [...accountable(held, judgedFewer(action, policy()))].filter(
      ([, answer]) => answer.kind === 'outcome' && answer.outcome === 'done',
    )
    return verdicts
      .filter(([, answer]) => answer.kind === 'outcome' && answer.found === found)
      .map(([peer]) => peer)
  }

  function viewOf(action: VerifiedAction): ActionView {
    return {
      id: action.id,
      name: action.action.name,
      target: action.action.target,
      modules: action.action.operations.map((operation) => operation.module),
      signers: [...action.signers],
      issuedat: formatInstant(action.action.issuedat),
      validfrom: formatInstant(action.action.validfrom),
      expireafter: formatInstant(action.action.expireafter),
      origin: action.action.origin,
      mine: action.action.origin === self,
      cancelled: ledger.cancels.has(action.id),
    }
  }

  async function resultsOf(id: string): Promise<readonly ResultView[]> {
    const action = find(id)
    return resultViews(action, await answers.read(action.id, await replySeedOf(action.id)))
  }

  function resultViews(action: VerifiedAction, held: readonly HeldAnswer[]): readonly ResultView[] {
    const modules = action.action.operations.map((operation) => operation.module)
    const contradicting = node.aside.contradicting(action.id)
    return held.flatMap(({ peer, result, summary }): ResultView[] => {
      if (result === undefined) return []
      const base = {
        action: action.id,
        peer,
        agent: nameOf(peer),
        outcome: result.outcome,
        ...timesOf(result),
        modules,
        ...(contradicting.has(peer) ? { contradicted: true } : {}),
      }
      if (summary === undefined || typeof summary === 'string')
        return [{ ...base, ...(summary === undefined ? {} : { reason: summary }) }]
      return [
        {
          ...base,
          results: summary.results,
          found: summary.found,
          truncated: summary.truncated,
          ...(summary.reason === undefined ? {} : { reason: summary.reason }),
          ...(summary.detail === undefined ? {} : { detailPages: summary.detail.pages }),
        },
      ]
    })
  }

  return {
    async about() {
      return {
        fleet,
        fleetName: ledger.root?.root.name,
        name,
        peer: self,
        policyVersion: ledger.policy?.version ?? 0,
        policyHash: ledger.policy?.hash,
        aside: node.aside.counts(),
        addresses: node.mesh.addresses(),
        rootWire: ledger.root === undefined ? undefined : base64Encode(ledger.root.bytes),
        policyWire: ledger.policy === undefined ? undefined : base64Encode(ledger.policy.bytes),
      }
    },
    async ready() {
      const started = clock.monotonicMs()
      const enough = new AbortController()
      await Promise.race([synced, clock.sleep(rosterWaitMs, enough.signal).catch(() => undefined)])
      enough.abort()
      return { links: node.mesh.members().length, waitedMs: Math.round(clock.monotonicMs() - started) }
    },
    async agents() {
      const differing = node.clocks.differing()
      return (await roster()).map((row) => {
        const aheadMs = differing.get(row.id)
        const view = agentView(row)
        return aheadMs === undefined ? view : { ...view, clockAheadMinutes: clockMinutes(aheadMs) }
      })
    },
    invitations: async () => readInvitations(ledger, clock.now()),
    async members() {
      return memberViews(node, clock.now())
    },
    async draft(request) {
      if (request.targetFound !== undefined && request.targetNotFound !== undefined) {
        throw new MigError('usage', '--target-found and --target-notfound exclude each other')
      }
      const earlier = request.targetFound ?? request.targetNotFound
      const only =
        earlier === undefined ? undefined : await onlyFrom(earlier, request.targetFound !== undefined)
      const drafted = await draftAction(request, {
        fleet,
        origin: self,
        policy: policy(),
        now: clock.now(),
        random: ports.random,
        only,
      })
      await store.write([{ put: keys.replyKey(drafted.id), value: drafted.replySeed }], { sync: true })
      return {
        id: drafted.id,
        body: base64Encode(drafted.body),
        replyKeys: drafted.replyKeys.map(base64Encode),
        unableToRead: drafted.unableToRead,
      }
    },
    async send({ wire, replySeed }) {
      const bytes = fromBase64(wire)
      const envelope = decodeEnvelope(bytes)
      if (typeof envelope === 'string')
        throw new MigError('bad-action', `the action cannot be read: ${envelope}`)
      const id = documentId(envelope)
      const verdict = await node.door.enter({ kind: 'action', bytes }, { via: 'local' })
      if (verdict.kind !== 'accept' && verdict.code !== 'already-held') {
        throw new MigError(
          verdict.code === 'expired'
            ? 'expired'
            : verdict.code === 'wrong-fleet'
              ? 'wrong-fleet'
              : 'bad-action',
          `the action is not accepted: ${verdict.detail}`,
        )
      }
      const action = find(id)
      if (replySeed !== undefined) {
        const seed = fromBase64(replySeed)
        if (!equalBytes(x25519PublicKey(seed), action.action.replyto.x25519))
          throw new MigError('bad-key', 'this reply key does not belong to the action')
        await store.write([{ put: keys.replyKey(id), value: seed }], { sync: true })
      }
      // The set stays as it was frozen, also when it is sent again with more signatures.
      const set = (await readExpectedSet(store, id)) ?? { expected: await expectedOf(action.action) }
      await writeExpectedSet(store, id, set)
      updates.expectedAnew(id)
      const { expected } = set
      const recipients = await spreadAction(node, encodeEnvelope(action.envelope))
      log('sent', {
        action: id,
        expected: expected.length,
        recipients,
        summarybytes: summaryBytesOf(action.action),
      })
      return { id, expected, recipients, canRead: (await replySeedOf(id)) !== undefined }
    },
    async explain(wire) {
      const explained = await readAction(fromBase64(wire), { fleet, policy: policy(), now: clock.now() })
      const operations = weighAction(
        explained.action,
        policy().acl,
        (module) => findModule(module)?.sensitive ?? true,
        explained.signers,
      ).map(({ module, weighing }) => ({
        module,
        granted: weighing.kind === 'granted',
        words: describeWeighing(module, weighing),
      }))
      return {
        id: explained.id,
        signers: [...explained.signers],
        operations,
        expected: await expectedOf(explained.action),
      }
    },
    async actions() {
      return [...ledger.actions.values()].map(viewOf).sort((a, b) => (a.issuedat < b.issuedat ? 1 : -1))
    },
    async action(id) {
      const held = find(id)
      const body = JSON.parse(Buffer.from(held.envelope.body).toString('utf8')) as Json
      return { view: viewOf(held), wire: base64Encode(encodeEnvelope(held.envelope)), body }
    },
    results: resultsOf,
    async detail(id, agent) {
      const action = find(id)
      const view = (await resultsOf(action.id)).find(
        (candidate) => candidate.agent === agent || candidate.peer === agent,
      )
      if (view === undefined) throw new MigError('not-found', `${agent} has not answered ${action.id}`)
      return ports.whole.fetch({
        action: action.id,
        view,
        replySeed: await replySeedOf(action.id),
        addresses: (await roster()).find(({ id }) => id === view.peer)?.addresses ?? [],
      })
    },
    accounting: async (id) => accountOf(find(id)),
    async cancel(wire) {
      const bytes = fromBase64(wire)
      const verdict = await node.door.enter({ kind: 'cancel', bytes }, { via: 'local' })
      if (verdict.kind !== 'accept' && verdict.code !== 'already-held')
        throw new MigError('bad-action', `the cancel is not accepted: ${verdict.detail}`)
      const recipients = await node.publish('actions', { kind: 'cancel', bytes })
      node.syncSoon(() => true, 50)
      return { recipients }
    },
    async publish(kind, wire) {
      const bytes = fromBase64(wire)
      const verdict = await node.door.enter({ kind, bytes }, { via: 'local' })
      if (verdict.kind !== 'accept' && verdict.code !== 'already-held')
        throw new MigError('bad-policy', `the ${kind} is not accepted: ${verdict.code}: ${verdict.detail}`)
      const recipients = await node.publish('policy', { kind, bytes })
      // Whoever the new policy puts out may still be connected for a moment.
      const peers = node.mesh
        .members()
        .flatMap(({ peer }) => (membershipFault(ledger, peer, clock.now()) === undefined ? [peer] : []))
      return { recipients, links: peers.length, handed: await handOn(peers, node, clock, handOnWaitMs) }
    },
    async updates(id, after) {
      const action = find(id)
      const { answers, ...rest } = await updates.since(action, after)
      return { ...rest, results: resultViews(action, answers) }
    },
    ...createBundleService(node, {
      ...ports,
      announcedBy: async (actionId, peer) => {
        const [held] = await answers.readOf(actionId, peer, await replySeedOf(actionId))
        return typeof held?.summary === 'object' ? (held.summary.detail ?? 'none') : undefined
      },
    }),
    changes: (id, after, timeoutMs) => feed.next(find(id).id, after, timeoutMs),
  }
}

function fromBase64(text: string): Uint8Array {
  const bytes = base64Decode(text)
  if (bytes === undefined) throw new MigError('bad-input', 'expected base64')
  return bytes
}

function agentView(row: RosterRow): AgentView {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const environment = row.environment as Record<string, unknown>
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    version: row.version,
    mode: row.mode,
    os: text(environment.os),
    arch: text(environment.arch),
    ident: text(environment.ident),
    pid: row.pid,
    starttime: formatInstant(row.starttime),
    heartbeattime: formatInstant(row.heartbeattime),
    tags: (row.tags ?? {}) as Readonly<Record<string, string>>,
    environment: row.environment as Json,
    addresses: row.addresses,
    policyversion: row.policyversion,
    outbox: row.outbox,
  }
}
