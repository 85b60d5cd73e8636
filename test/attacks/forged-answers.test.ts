import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asideFindings } from '../../cli/fleet/checks.ts'
import { accountingLine } from '../../node/core/accounting.ts'
import type { Instant } from '../../node/core/clock.ts'
import { base64Encode, base64UrlDecode } from '../../node/core/encoding.ts'
import type { HeartbeatBody } from '../../node/core/heartbeat.ts'
import { formatInstant } from '../../node/core/instant.ts'
import { maxAsidePeer } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { parseResultBody, resultHash } from '../../node/core/result.ts'
import type { CollectorNode } from '../../node/roles/collector.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import type { LabAgent, LabPerson } from '../../node/roles/lab.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Item } from '../../node/sync/item.ts'
import { decodeWithCertificate, encodeWithCertificate } from '../../node/verification/node-documents.ts'
import { type NodeDomain, openEnvelope, sealEnvelope } from '../../node/verification/node-envelope.ts'
import { sealSummary } from '../../node/verification/seal.ts'
import { stopStrangers } from '../mesh/stranger.ts'
import { somePeople } from '../roles/people.ts'
import { verdictOf } from '../verification/pgp/pgp-kit.ts'
import {
  type AttackedLab,
  anAttackedLab,
  aSignedAction,
  nextPolicy,
  send,
  settled,
  until,
  whenKnown,
} from './attack-kit.ts'
import { infiltrate, type Papers, papersOf } from './intruder.ts'

let people: readonly LabPerson[]
beforeAll(async () => {
  people = await somePeople('alice')
})
const alice = () => people[0] as LabPerson

describe('answers that somebody made up', () => {
  let attacked: AttackedLab
  let investigator: InvestigatorNode
  let relay: CollectorNode & { readonly addresses: readonly string[] }
  let honest: LabAgent
  let x: Papers
  let y: Papers
  let action: { readonly id: string; readonly body: Uint8Array }

  beforeAll(async () => {
    attacked = await anAttackedLab({ people })
    const { lab } = attacked
    relay = await lab.startRelay('relay', { transport: 'tcp' })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    honest = await lab.startAgent('honest', { ...node, root: attacked.machine('honest') })
    investigator = await lab.startInvestigator('laptop', node)
    await whenKnown(investigator, 1)
    x = await papersOf(lab, alice(), 'agent')
    y = await papersOf(lab, alice(), 'agent')
    for (const { items } of [x, y]) for (const item of items) await enter(item)
    const signed = await aSignedAction(lab, investigator, people)
    action = signed
    await send(investigator, signed.wire)
    await settled(investigator, action.id)
  }, 60_000)
  afterEach(stopStrangers)
  afterAll(() => attacked?.stop())

  const enter = async (item: Item) =>
    verdictOf(await investigator.door.enter(item, { via: 'sync', peer: relay.mesh.peerId }))
  const at = () => formatInstant((Math.floor(Date.now() / 1000) * 1000) as Instant)
  const replyKeyOf = (body: Uint8Array) =>
    base64UrlDecode(JSON.parse(Buffer.from(body).toString()).replyto.x25519) as Uint8Array

  interface Forgery {
    readonly of: Papers
    readonly by: Uint8Array
    readonly actionId?: string
    readonly hits?: number
    /** Default: the reply key of the action that everybody here knows. */
    readonly key?: Uint8Array
    readonly beside?: Uint8Array
  }

  function aResult({
    of,
    by,
    actionId = action.id,
    hits = 0,
    beside = of.certificateWire,
    key,
  }: Forgery): Item {
    const wire = sealSummary({
      outer: {
        v: 1,
        fleet: attacked.lab.fleet,
        actionid: actionId,
        peerid: of.peer,
        serial: 1,
        seq: 1,
        outcome: 'done',
        startedat: at(),
        endedat: at(),
      },
      summary: {
        peerid: of.peer,
        results: [{ foundanything: hits > 0, success: true, elements: {}, statistics: null, errors: null }],
        found: [hits],
        truncated: false,
      },
      replyKey: key ?? replyKeyOf(action.body),
      sizeBytes: 4096,
      answerSeed: by,
    })
    return { kind: 'result', bytes: encodeWithCertificate(beside, wire) }
  }

  function aDocument(domain: NodeDomain, of: Papers, by: Uint8Array, rest: object): Uint8Array {
    const body = { v: 1, fleet: attacked.lab.fleet, peerid: of.peer, ...rest }
    return encodeWithCertificate(of.certificateWire, sealEnvelope(domain, body, by))
  }
  const aStatus = (of: Papers, by: Uint8Array, seq: number): Item => ({
    kind: 'status',
    bytes: aDocument('mig-status', of, by, {
      actionid: action.id,
      serial: 1,
      seq,
      status: 'refused',
      reason: 'not-permitted: made up',
      signers: [alice().signer.fingerprint],
      at: at(),
    }),
  })
  const aBeat = (of: Papers, by: Uint8Array, boot: number, seq: number): Item => {
    const rest: Omit<HeartbeatBody, 'v' | 'fleet' | 'peerid'> = {
      serial: 1,
      boot,
      seq,
      at: at(),
      mode: 'daemon',
      version: '0',
      pid: 1,
      starttime: at(),
      environment: { init: 'systemd', ident: 'x', os: 'linux', arch: 'x64', addresses: [], modules: [] },
      policyversion: 1,
      addresses: [],
      outbox: 0,
    }
    return { kind: 'heartbeat', bytes: aDocument('mig-heartbeat', of, by, rest) }
  }

  it.each(['result', 'status', 'heartbeat'] as const)(
    'are ignored when a %s is signed by the peer key, or by another member’s answer key (V76)',
    async (kind) => {
      const make = (by: Uint8Array) =>
        kind === 'result'
          ? aResult({ of: x, by })
          : kind === 'status'
            ? aStatus(x, by, 1)
            : aBeat(x, by, 1, 1)
      expect(await enter(make(x.peerSeed))).toBe('ignore unknown-signer')
      expect(await enter(make(y.answerSeed))).toBe('ignore unknown-signer')
    },
  )

  it('are ignored when they are of nobody’s: the key is valid and not certified (V76)', async () => {
    const nobody = await papersOf(attacked.lab, alice(), 'agent')
    const beside = new Uint8Array(0)
    expect(await enter(aResult({ of: nobody, by: nobody.answerSeed, beside }))).toBe('ignore not-a-member')
    // Nor does another's certificate beside it help.
    const borrowed = aResult({ of: nobody, by: nobody.answerSeed, beside: y.certificateWire })
    expect(await enter(borrowed)).toBe('ignore not-a-member')
  })

  it('are kept apart for an action that nobody here has asked, a few of each agent, and count for nothing (V79)', async () => {
    const before = investigator.shelf.keys('result').length
    const stray = (n: number) =>
      aResult({ of: x, by: x.answerSeed, actionId: `${String.fromCharCode(97 + n)}${'a'.repeat(51)}` })
    for (let n = 0; n < maxAsidePeer + 5; n++) expect(await enter(stray(n))).toBe('ignore unknown-action')
    expect(investigator.shelf.keys('result')).toHaveLength(before)
    expect((await investigator.service.about()).aside).toMatchObject({ orphans: maxAsidePeer })
    // Given to nobody: no relay is offered what this node does not believe.
    expect(relay.shelf.keys('result').some((key) => key.includes('a'.repeat(51)))).toBe(false)
  })

  it('count when their action comes after them (V79)', async () => {
    const late = await aSignedAction(attacked.lab, investigator, people)
    const early = { ...aResult({ of: x, by: x.answerSeed, actionId: late.id, key: replyKeyOf(late.body) }) }
    expect(await enter(early)).toBe('ignore unknown-action')
    await send(investigator, late.wire)
    await until('the early answer counts', async () => {
      const { unexpected, answered } = await investigator.service.accounting(late.id)
      return [...answered, ...unexpected].some(({ peer }) => peer === x.peer)
    })
    await settled(investigator, late.id)
  })

  it('do not change the first: a second outcome is flagged and not kept (V78)', async () => {
    const first = aResult({ of: x, by: x.answerSeed, hits: 3 })
    expect(await enter(first)).toBe('accept')
    expect(await enter(first)).toBe('ignore already-held')
    expect(await enter(aResult({ of: x, by: x.answerSeed, hits: 0 }))).toBe('ignore equivocation')
    expect(attacked.count('laptop', 'equivocation', { peer: x.peer })).toBe(1)
    const kept = (await investigator.service.results(action.id)).find(({ peer }) => peer === x.peer)
    expect(kept?.found).toEqual([3])
    expect(kept?.contradicted).toBe(true)
    expect(await enter(aStatus(x, x.answerSeed, 9))).toBe('ignore older')
    // Whoever asked sees it, by name, and the second document is kept as the proof.
    const accounting = await investigator.service.accounting(action.id)
    expect(accounting.unexpected.find(({ peer }) => peer === x.peer)).toMatchObject({ contradicted: true })
    expect(accountingLine(accounting)).toMatch(/1 signed two different outcomes: /)
    const { aside } = await investigator.service.about()
    expect(aside.contradictions).toBe(1)
    expect(asideFindings('laptop', aside)).toContainEqual(
      expect.objectContaining({ verdict: 'warning', words: expect.stringMatching(/^1 agents have signed/) }),
    )
  })

  it('say nothing when another’s sealed answer is signed as one’s own (V80)', async () => {
    const held = await investigator.shelf.get('result', investigator.shelf.keys('result')[0] ?? '')
    const envelope = decodeWithCertificate(held?.bytes ?? new Uint8Array(0))?.envelopeWire as Uint8Array
    const opened = openEnvelope('mig-result', envelope)
    const stolen = parseResultBody('value' in opened ? opened.value : undefined)
    if (typeof stolen === 'string') throw new Error(stolen)
    const body = {
      ...stolen,
      startedat: formatInstant(stolen.startedat),
      endedat: formatInstant(stolen.endedat),
      peerid: y.peer,
    }
    const wire = encodeWithCertificate(y.certificateWire, sealEnvelope('mig-result', body, y.answerSeed))
    // Sealed: at the door nobody can tell.
    expect(await enter({ kind: 'result', bytes: wire })).toBe('accept')
    const view = (await investigator.service.results(action.id)).find(({ peer }) => peer === y.peer)
    expect(view).toMatchObject({ reason: expect.stringMatching(/not-openable|inner-mismatch/) })
    expect(view).not.toHaveProperty('results')
    const { unexpected } = await investigator.service.accounting(action.id)
    const line = unexpected.find(({ peer }) => peer === y.peer)
    expect(line).toMatchObject({ found: false, note: expect.stringMatching(/^failed: .*cannot be opened/) })
  })

  it('are older when a heartbeat comes again, or an earlier one (V83)', async () => {
    expect(await enter(aBeat(x, x.answerSeed, 2, 5))).toBe('accept')
    expect(await enter(aBeat(x, x.answerSeed, 2, 5))).toBe('ignore older')
    expect(await enter(aBeat(x, x.answerSeed, 2, 4))).toBe('ignore older')
    expect(await enter(aBeat(x, x.answerSeed, 1, 9))).toBe('ignore older')
    expect(await enter(aBeat(x, x.answerSeed, 2, 6))).toBe('accept')
  })

  it('reach nobody by gossip either', async () => {
    const member = await infiltrate(y, relay.addresses[0] ?? '', attacked.lab.fleet, 'results')
    const refusals = () => attacked.count('relay', 'turned-away', { kind: 'result', code: 'unknown-signer' })
    const z = await papersOf(attacked.lab, alice(), 'agent')
    for (const item of z.items) await relay.door.enter(item, { via: 'sync' })
    await member.publish('results', aResult({ of: z, by: y.answerSeed }))
    await until('the relay has judged it', () => refusals() > 0)
    const own = aResult({ of: z, by: z.answerSeed })
    await member.publish('results', own)
    // Whoever carries it: what is signed by the right key arrives, so the way was open.
    await until('the true one arrives', async () =>
      (await investigator.service.results(action.id)).some(({ peer }) => peer === z.peer),
    )
  })

  it('by whoever is revoked are ignored, whoever carries them (T18)', async () => {
    const gone = await papersOf(attacked.lab, alice(), 'agent')
    for (const item of gone.items) expect(await enter(item)).toBe('accept')
    const revoked = { people: [], peers: [gone.peer], invitations: [] }
    const policy = await nextPolicy(attacked.lab, alice(), { revoked })
    await investigator.service.publish('policy', base64Encode(policy))
    expect(await enter(aResult({ of: gone, by: gone.answerSeed }))).toBe('ignore not-a-member')
    expect(await enter(aStatus(gone, gone.answerSeed, 1))).toBe('ignore not-a-member')
    expect(await enter(aBeat(gone, gone.answerSeed, 1, 1))).toBe('ignore not-a-member')
  })

  it('leave the true account as it was', async () => {
    const { answered, failed, refused, silent } = await investigator.service.accounting(action.id)
    expect(answered.map(({ name }) => name)).toEqual(['honest'])
    expect([failed, refused, silent]).toEqual([[], [], []])
    expect(honest.mesh.members().length).toBeGreaterThan(0)
  })
})

describe('receipts that are not the origin’s', () => {
  let attacked: AttackedLab
  afterEach(() => attacked?.stop())

  it('leave the answer in the outbox (V82)', async () => {
    attacked = await anAttackedLab({ people })
    const { lab } = attacked
    const relay = await lab.startRelay('relay')
    const bootstrap = relay.addresses
    const agent = await lab.startAgent('web', { bootstrap, root: attacked.machine('web') })
    const memory = createMemoryStore()
    const store = { ...memory, close: async () => undefined }
    const origin = await lab.startInvestigator('laptop', { bootstrap, store })
    await whenKnown(origin, 1)
    const { id, wire } = await aSignedAction(lab, origin, people)
    await send(origin, wire)
    await origin.stop()
    await until('an answer waits', async () => (await agent.waiting()) === 1)
    const [entry] = await agent.gate.outbox()
    const answer = decodeWithCertificate(entry?.wire ?? new Uint8Array(0))?.envelopeWire as Uint8Array

    const receipt = (
      by: { readonly peer: PeerId; readonly certificateWire: Uint8Array },
      seed: Uint8Array,
    ) => {
      const body = {
        v: 1,
        fleet: lab.fleet,
        actionid: id,
        peerid: agent.mesh.peerId,
        result: resultHash(answer),
        collector: by.peer,
        at: formatInstant((Math.floor(Date.now() / 1000) * 1000) as Instant),
      }
      const envelope = sealEnvelope('mig-receipt', body, seed)
      return {
        envelope,
        item: { kind: 'receipt', bytes: encodeWithCertificate(by.certificateWire, envelope) },
      } as const
    }
    const forgers = await Promise.all(
      (['agent', 'relay', 'investigator'] as const).map((role) => papersOf(lab, alice(), role)),
    )
    const verdicts: string[] = []
    for (const forger of forgers) {
      for (const item of forger.items) await agent.door.enter(item, { via: 'sync' })
      const own = receipt(forger, forger.answerSeed)
      verdicts.push(verdictOf(await agent.door.enter(own.item, { via: 'sync' })))
      expect(await agent.gate.offerReceipt(own.envelope)).toBe(false)
      // In the name of the origin, by another key.
      const claimed = receipt(
        { peer: origin.mesh.peerId, certificateWire: forger.certificateWire },
        forger.peerSeed,
      )
      verdicts.push(verdictOf(await agent.door.enter(claimed.item, { via: 'sync' })))
      expect(await agent.gate.offerReceipt(claimed.envelope)).toBe(false)
    }
    expect(verdicts).toEqual([
      'ignore wrong-role',
      'ignore unknown-signer',
      'ignore older',
      'ignore unknown-signer',
      'ignore older',
      'ignore unknown-signer',
    ])
    expect(await agent.waiting()).toBe(1)

    const back = await lab.startInvestigator('laptop', { bootstrap, store: memory, like: origin.mesh.peerId })
    await until('the origin’s own receipt clears it', async () => (await agent.waiting()) === 0)
    expect((await settled(back, id)).answered).toHaveLength(1)
  }, 40_000)
})

describe('an agent that publishes a question', () => {
  let attacked: AttackedLab
  afterEach(async () => {
    await stopStrangers()
    await attacked?.stop()
  })

  it('is not heard (V75), and does not keep the true one from arriving, though it was faster (V85)', async () => {
    attacked = await anAttackedLab({ people })
    const { lab } = attacked
    const relay = await lab.startRelay('relay', { transport: 'tcp' })
    const node = { transport: 'tcp', bootstrap: relay.addresses } as const
    const agent = await lab.startAgent('web', { ...node, root: attacked.machine('web') })
    const investigator = await lab.startInvestigator('laptop', node)
    await whenKnown(investigator, 1)
    const papers = await papersOf(lab, alice(), 'agent')
    const spy = await infiltrate(papers, relay.addresses[0] ?? '', lab.fleet, 'actions')
    const { id, wire } = await aSignedAction(lab, investigator, people)
    expect((await spy.publish('actions', { kind: 'action', bytes: wire })).recipients.length).toBe(1)
    // What the relay judges after it on the same stream shows that it has judged it.
    const answered = () => attacked.count('relay', 'turned-away', { kind: 'policy' })
    await spy.publish('policy', { kind: 'policy', bytes: Uint8Array.of(1) })
    await until('the relay has judged both', () => answered() === 1)
    expect(relay.ledger.actions.has(id)).toBe(false)
    expect(agent.ledger.actions.has(id)).toBe(false)
    await send(investigator, wire)
    expect((await settled(investigator, id)).answered.map(({ name }) => name)).toEqual(['web'])
    expect(attacked.count('web', 'accepted')).toBe(1)
  }, 30_000)
})
