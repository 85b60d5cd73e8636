import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { base64UrlDecode } from '../../node/core/encoding.ts'
import { formatInstant } from '../../node/core/instant.ts'
import type { InvestigatorNode } from '../../node/roles/investigator.ts'
import type { LabPerson } from '../../node/roles/lab.ts'
import { openShelf } from '../../node/roles/shelf.ts'
import { createMemoryStore } from '../../node/store/memory-store.ts'
import type { Change, Store } from '../../node/store/store.ts'
import type { Item } from '../../node/sync/item.ts'
import { encodeWithCertificate } from '../../node/verification/node-documents.ts'
import { sealEnvelope } from '../../node/verification/node-envelope.ts'
import { sealSummary } from '../../node/verification/seal.ts'
import { type AttackedLab, anAttackedLab, aSignedAction, send } from '../attacks/attack-kit.ts'
import { type Papers, papersOf } from '../attacks/intruder.ts'
import { somePeople } from './people.ts'

const puts = (changes: readonly Change[], what: string) =>
  changes.some((change) => 'put' in change && change.put.startsWith(`${what}/`))

/** A disk on which a test holds a write up, or after which the power goes. */
function aDisk() {
  const disk = createMemoryStore()
  const hands = {
    holdStatus: undefined as Promise<void> | undefined,
    diesAfterResult: false,
    isDead: false,
  }
  const store: Store = {
    ...disk,
    async write(changes, options) {
      if (hands.isDead) return
      if (puts(changes, 'status')) await hands.holdStatus
      await disk.write(changes, options)
      if (hands.diesAfterResult && puts(changes, 'result')) hands.isDead = true
    },
  }
  return { disk, store, hands }
}

describe('a status beside its outcome', () => {
  const { disk, store, hands } = aDisk()
  let attacked: AttackedLab
  let investigator: InvestigatorNode
  let alice: LabPerson
  let action: { readonly id: string; readonly body: Uint8Array }

  beforeAll(async () => {
    const people = await somePeople('alice')
    alice = people[0] as LabPerson
    attacked = await anAttackedLab({ people })
    investigator = await attacked.lab.startInvestigator('laptop', { store })
    const signed = await aSignedAction(attacked.lab, investigator, people)
    action = signed
    await send(investigator, signed.wire)
  }, 60_000)
  afterAll(() => attacked?.stop())

  const enter = async (item: Item) => {
    const verdict = await investigator.door.enter(item, { via: 'sync' })
    if (verdict.kind !== 'accept') return verdict.detail
    await verdict.value.written
    return 'accept'
  }
  const at = () => formatInstant((Math.floor(Date.now() / 1000) * 1000) as Instant)
  const common = (of: Papers) => ({
    v: 1 as const,
    fleet: attacked.lab.fleet,
    actionid: action.id,
    peerid: of.peer,
    serial: 1,
    seq: 1,
  })
  const item = (kind: 'status' | 'result', of: Papers, wire: Uint8Array): Item => ({
    kind,
    bytes: encodeWithCertificate(of.certificateWire, wire),
  })
  const aStatus = (of: Papers) => {
    const body = {
      ...common(of),
      status: 'running',
      reason: '',
      signers: [alice.signer.fingerprint],
      at: at(),
    }
    return item('status', of, sealEnvelope('mig-status', body, of.answerSeed))
  }
  const aResult = (of: Papers) => {
    const results = [{ foundanything: false, success: true, elements: {}, statistics: null, errors: null }]
    const wire = sealSummary({
      outer: { ...common(of), outcome: 'done', startedat: at(), endedat: at() },
      summary: { peerid: of.peer, results, found: [0], truncated: false },
      replyKey: base64UrlDecode(JSON.parse(Buffer.from(action.body).toString()).replyto.x25519) as Uint8Array,
      sizeBytes: 4096,
      answerSeed: of.answerSeed,
    })
    return item('result', of, wire)
  }
  async function anAgent(): Promise<Papers> {
    const papers = await papersOf(attacked.lab, alice, 'agent')
    for (const each of papers.items) await enter(each)
    return papers
  }

  it('goes when the outcome comes while it is being written', async () => {
    const of = await anAgent()
    let release = () => {}
    hands.holdStatus = new Promise((resolve) => {
      release = resolve
    })
    const status = enter(aStatus(of))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await enter(aResult(of))).toBe('accept')
    release()
    hands.holdStatus = undefined
    expect(await status).toBe('the outcome is known')
    expect(investigator.shelf.keys('result')).toHaveLength(1)
    expect(investigator.shelf.keys('status')).toEqual([])
  })

  it('leaves nothing behind when the power goes with the outcome on the disk', async () => {
    const of = await anAgent()
    expect(await enter(aStatus(of))).toBe('accept')
    hands.diesAfterResult = true
    expect(await enter(aResult(of))).toBe('accept')
    const after = await openShelf({ ...disk, opening: { wasRepaired: false } } as Store)
    expect(after.keys('result')).toHaveLength(2)
    expect(after.keys('status')).toEqual([])
    expect(after.set('status').count('')).toBe(0)
  })
})
