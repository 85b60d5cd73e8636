import { beforeAll, describe, expect, it } from 'vitest'
import { base64UrlDecode } from '../../node/core/encoding.ts'
import { maxDetailPages, maxOutboxCallBytes } from '../../node/core/limits.ts'
import { parseResultBody, type Result, type Summary } from '../../node/core/result.ts'
import type { Gate, OutboxEntry } from '../../node/gate/gate.ts'
import type { RunReport } from '../../node/gate/runner.ts'
import { openEnvelope } from '../../node/verification/node-envelope.ts'
import { nodeKeysOf } from '../../node/verification/node-keys.ts'
import { detailDigest, openPage, openSummary, parseDetail } from '../../node/verification/seal.ts'
import { aMachine, aTestFleet, givePolicy, replySeed, type TestFleet, type TestMachine } from './gate-kit.ts'
import { aReceipt, bodyOfAnswer, envelopeOf, originKeys } from './receipt.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

async function aGate() {
  const machine = aMachine(fleet)
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  return { machine, gate }
}

function found(addresses: readonly string[]): RunReport {
  const elements = { lookeduphost: { web1: addresses } }
  const statistics = { stufffound: addresses.length }
  const foundanything = addresses.length > 0
  return {
    outcome: 'done',
    found: addresses.length,
    result: { foundanything, success: true, elements, statistics, errors: null },
  }
}
const manyAddresses = (count: number) =>
  Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)

function open(entry: OutboxEntry | undefined): Summary {
  const result = parseResultBody(bodyOfAnswer(entry as OutboxEntry)) as Result
  const summary = openSummary(result, replySeed)
  if ('fault' in summary) throw new Error(summary.fault)
  return summary
}

async function wholeOf(gate: Gate, machine: TestMachine, actionId: string, summary: Summary) {
  const pages: Uint8Array[] = []
  for (let page = 0; page < (summary.detail?.pages ?? 0); page++)
    pages.push((await gate.detailPage(actionId, page)) as Uint8Array)
  expect(await gate.detailPage(actionId, pages.length)).toBeUndefined()
  expect(detailDigest(pages)).toBe(summary.detail?.sha256)
  const plain = pages.map((page, n) => openPage(page, n, actionId, machine.certificate.peerid, replySeed))
  return parseDetail(plain as Uint8Array[])
}

describe('an answer', () => {
  it('is signed by the certified answer key and opens with the reply key alone', async () => {
    const { machine, gate } = await aGate()
    machine.runner.report = () => found(['10.0.0.1'])
    const action = await fleet.action(fleet.question('web1'))
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    const [entry] = await gate.outbox()
    const envelope = openEnvelope('mig-result', envelopeOf(entry as OutboxEntry))
    expect('signer' in envelope && envelope.signer).toEqual(machine.certificate.answerkey)
    expect(open(entry)).toMatchObject({
      peerid: machine.certificate.peerid,
      found: [1],
      truncated: false,
      results: [{ elements: { lookeduphost: { web1: ['10.0.0.1'] } } }],
    })
    const result = parseResultBody(bodyOfAnswer(entry as OutboxEntry)) as Result
    expect(openSummary(result, new Uint8Array(32).fill(6))).toEqual({ fault: 'not-openable' })
  })

  it('that is too big for its summary has pages that open and match their digest', async () => {
    const { machine, gate } = await aGate()
    machine.runner.report = () => found(manyAddresses(8000))
    const action = await fleet.action(fleet.question('web1'))
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    const summary = open((await gate.outbox())[0])
    expect(summary).toMatchObject({ truncated: true, found: [8000], detail: { pages: 2 } })
    const whole = await wholeOf(gate, machine, action.id, summary)
    expect(whole?.[0]?.elements).toEqual({ lookeduphost: { web1: manyAddresses(8000) } })
    // Another page in its place is noticed.
    const [first, second] = await Promise.all([0, 1].map((page) => gate.detailPage(action.id, page)))
    expect(
      openPage(second as Uint8Array, 0, action.id, machine.certificate.peerid, replySeed),
    ).toBeUndefined()
    expect(detailDigest([second, first] as Uint8Array[])).not.toBe(summary.detail?.sha256)
  })

  it.each([4096, 16_384] as const)(
    'has one length, whatever was found and however it ended (%i)',
    async (summarybytes) => {
      const { machine, gate } = await aGate()
      const reports: RunReport[] = [
        found([]),
        found(['10.0.0.1']),
        found(manyAddresses(100)),
        found(manyAddresses(8000)),
        { ...found([]), outcome: 'failed', reason: 'x'.repeat(512) },
      ]
      const body = (word: string) => fleet.question(word, { limits: { summarybytes } })
      for (const [n, report] of reports.entries()) {
        machine.runner.report = () => report
        await gate.offerAction((await fleet.action(body(`n${n}`))).wire)
        await gate.events.seen('outcome', n + 1)
      }
      const cancelled = await fleet.action(body('cancelled'))
      await gate.offerCancel((await fleet.cancel(cancelled.id, fleet.keys.carol)).wire)
      await gate.offerAction(cancelled.wire)
      machine.runner.hold()
      await gate.offerAction((await fleet.action(body('interrupted'))).wire)
      await machine.runner.started(reports.length + 1)
      await gate.close()
      const answers = (await (await machine.start()).outbox()).map((entry) => bodyOfAnswer(entry))
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(
        new Set(['done', 'failed', 'cancelled', 'interrupted']),
      )
      const lengths = answers.map(({ sealed }) => base64UrlDecode(String(sealed))?.length)
      expect(lengths).toEqual(Array(7).fill(summarybytes + 48))
    },
  )

  it('fits into the pages, however many operations it has', async () => {
    const { machine, gate } = await aGate()
    const grants: number[] = []
    machine.runner.report = (order) => {
      grants.push(order.outputBytes)
      return found(manyAddresses(Math.floor(order.outputBytes / 20)))
    }
    const operations = Array.from({ length: 16 }, () => ({
      module: 'example',
      parameters: { lookuphost: ['web1'] },
    }))
    const action = await fleet.action(fleet.question('web1', { operations }))
    await gate.offerAction(action.wire)
    await gate.events.seen('outcome')
    const [entry] = await gate.outbox()
    expect(bodyOfAnswer(entry as OutboxEntry)).toMatchObject({ outcome: 'done' })
    const summary = open(entry)
    expect(summary.detail?.pages).toBeLessThanOrEqual(maxDetailPages)
    expect(await wholeOf(gate, machine, action.id, summary)).toHaveLength(16)
    expect(grants[0]).toBe(8 * 1024 * 1024)
    expect(grants.at(-1)).toBeLessThan(1024 * 1024)
  }, 60_000)

  it('exists even when the result cannot be written', async () => {
    const { machine, gate } = await aGate()
    machine.runner.report = () => found(manyAddresses(1_500_000))
    await gate.offerAction((await fleet.action(fleet.question('web1'))).wire)
    await gate.events.seen('outcome')
    const [entry] = await gate.outbox()
    expect(open(entry)).toMatchObject({ reason: 'the result could not be written', results: [] })
  }, 60_000)
})

describe('the outbox', () => {
  it('is cleared by the receipt of the origin, and by no other (V82)', async () => {
    const { machine, gate } = await aGate()
    await gate.offerAction((await fleet.action(fleet.question('web1'))).wire)
    await gate.offerAction((await fleet.action(fleet.question('web2'))).wire)
    await gate.events.seen('outcome', 2)
    const [first, second] = (await gate.outbox()) as [OutboxEntry, OutboxEntry]
    const stranger = nodeKeysOf(new Uint8Array(32).fill(4))
    const wrong = [
      aReceipt(first, { collector: stranger.peerId, seed: stranger.peerSeed }),
      aReceipt(first, { seed: stranger.peerSeed }),
      aReceipt(first, { collector: stranger.peerId }),
      aReceipt(first, { result: 'a'.repeat(52) }),
      aReceipt({ ...second, actionId: first.actionId }),
      aReceipt(first).subarray(1),
      envelopeOf(first),
      new Uint8Array(0),
    ]
    for (const receipt of wrong) expect(await gate.offerReceipt(receipt)).toBe(false)
    expect(await gate.outbox()).toHaveLength(2)
    expect(await gate.offerReceipt(aReceipt(first))).toBe(true)
    expect(await gate.offerReceipt(aReceipt(first))).toBe(false)
    expect((await gate.outbox()).map((entry) => entry.actionId)).toEqual([second.actionId])
    await gate.close()
    expect((await (await machine.start()).outbox()).map((entry) => entry.actionId)).toEqual([second.actionId])
    expect(originKeys.peerId).not.toBe(stranger.peerId)
  })

  it('hands out one message’s worth a call, oldest first, and goes on with the rest', async () => {
    const { machine, gate } = await aGate()
    const asked: string[] = []
    for (let n = 0; n < 40; n++) {
      const action = await fleet.action(fleet.question(`n${n}`, { limits: { summarybytes: 32_768 } }))
      asked.push(action.id)
      await gate.offerAction(action.wire)
      await gate.events.seen('outcome', n + 1)
      machine.clock.advance(1000)
    }
    const call = async () => {
      const entries = await gate.outbox()
      const size = entries.reduce((sum, entry) => sum + entry.wire.length, 0)
      expect(size).toBeLessThanOrEqual(maxOutboxCallBytes)
      return entries.map((entry) => entry.actionId)
    }
    const first = await call()
    const second = await call()
    expect(first).toEqual(asked.slice(0, first.length))
    expect(first.length).toBeGreaterThan(20)
    expect(second.slice(0, 40 - first.length)).toEqual(asked.slice(first.length))
    // Whoever starts again starts with the oldest, too.
    await gate.close()
    const again = await machine.start()
    expect((await again.outbox()).map((entry) => entry.actionId)).toEqual(first)
  })
})
