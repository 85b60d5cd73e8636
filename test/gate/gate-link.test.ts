import { PassThrough } from 'node:stream'
import { beforeAll, describe, expect, it } from 'vitest'
import { base64Encode } from '../../node/core/encoding.ts'
import { maxBadGateRequests, maxGateFrameBytes, maxGatePending } from '../../node/core/limits.ts'
import type { Gate } from '../../node/gate/gate.ts'
import { connectGate, serveGate } from '../../node/gate/gate-link.ts'
import { aMachine, aTestFleet, confirmAll, givePolicy, type TestFleet } from './gate-kit.ts'

let fleet: TestFleet
beforeAll(async () => {
  fleet = await aTestFleet()
})

function frame(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body as string)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}
const request = (message: object) => frame(JSON.stringify(message))

/** The mesh process's ends of both pipes, and what comes back. */
function hang(gate: Gate) {
  const [toGate, fromGate] = [new PassThrough(), new PassThrough()]
  const events: string[] = []
  const ended = serveGate(gate, toGate, fromGate, (event) => events.push(event))
  return { toGate, fromGate, events, ended }
}

/** Reads whole answers, as the mesh process would, until there are so many. */
async function answersFrom(stream: PassThrough, count: number): Promise<Record<string, unknown>[]> {
  const answers: Record<string, unknown>[] = []
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0)
      answers.push(JSON.parse(rest.subarray(4, end).toString()))
      rest = rest.subarray(end)
    }
    if (answers.length >= count) break
  }
  return answers
}

async function aGate() {
  const machine = aMachine(fleet)
  const gate = await machine.start()
  await givePolicy(gate, fleet)
  return { machine, gate }
}

/** It still answers, over a line of its own. */
async function expectAlive(gate: Gate): Promise<void> {
  const { toGate, fromGate } = hang(gate)
  const far = connectGate(fromGate, toGate, () => undefined)
  expect(await far.identity()).toMatchObject({ policyVersion: 1 })
  await far.stop()
}

describe('the line between mesh process and gate', () => {
  it('carries every call', async () => {
    const machine = aMachine(fleet)
    const gate = await machine.start()
    const { toGate, fromGate, ended } = hang(gate)
    const far = connectGate(fromGate, toGate, () => undefined)
    await givePolicy(far, fleet)
    const told = new Promise<void>((resolve) => void far.onOutbox(resolve))
    const action = await fleet.action(fleet.question('web1'))
    expect(await far.progress()).toEqual({ unfinished: 0, waiting: 0 })
    machine.runner.hold()
    expect(await far.offerAction(action.wire)).toEqual({ kind: 'accepted' })
    expect(await far.progress()).toEqual({ unfinished: 1, waiting: 0 })
    machine.runner.release()
    await told
    await gate.events.seen('outcome')
    expect(await far.progress()).toEqual({ unfinished: 0, waiting: 1 })
    const [entry] = await far.outbox()
    expect(entry).toMatchObject({ kind: 'result', actionId: action.id })
    expect(entry?.wire).toEqual((await gate.outbox())[0]?.wire)
    expect(await far.detailPage(action.id, 0)).toBeUndefined()
    expect((await far.heartbeat(['/ip4/127.0.0.1/tcp/1'])).length).toBeGreaterThan(100)
    expect(await far.offerCancel((await fleet.cancel(action.id, fleet.keys.carol)).wire)).toEqual({
      kind: 'too-late',
    })
    await confirmAll(far)
    expect(await far.outbox()).toEqual([])
    await far.stop()
    await ended
  })

  it('settles when it breaks, and is forgotten', async () => {
    const { gate } = await aGate()
    let listeners = 0
    const counted: Gate = {
      ...gate,
      onOutbox(listener) {
        listeners++
        const callOff = gate.onOutbox(listener)
        return () => {
          listeners--
          callOff()
        }
      },
    }
    for (const breakIt of [
      (line: ReturnType<typeof hang>) => line.toGate.end(),
      (line: ReturnType<typeof hang>) => line.toGate.destroy(),
      (line: ReturnType<typeof hang>) => line.toGate.destroy(new Error('EPIPE')),
      (line: ReturnType<typeof hang>) => line.fromGate.destroy(new Error('EPIPE')),
      (line: ReturnType<typeof hang>) => line.toGate.end(frame('{"id":1,"call":"identity"}').subarray(0, 9)),
    ]) {
      const line = hang(counted)
      line.toGate.write(request({ id: 1, call: 'identity' }))
      breakIt(line)
      await line.ended
    }
    expect(listeners).toBe(0)
    await expectAlive(gate)
  })

  it('tells whoever waits, and whoever asks later, that the gate is gone', async () => {
    const [toGate, fromGate] = [new PassThrough(), new PassThrough()]
    const gone = Promise.withResolvers<void>()
    const far = connectGate(fromGate, toGate, gone.resolve)
    const waiting = far.identity()
    fromGate.end()
    await expect(waiting).rejects.toMatchObject({ code: 'not-reachable' })
    await gone.promise
    await expect(far.outbox()).rejects.toMatchObject({ code: 'not-reachable' })
  })

  it('refuses to send what the other side would not take', async () => {
    const { toGate, fromGate } = hang((await aGate()).gate)
    const far = connectGate(fromGate, toGate, () => undefined)
    await expect(far.offerAction(new Uint8Array(maxGateFrameBytes))).rejects.toMatchObject({
      code: 'too-large',
    })
    expect(await far.identity()).toMatchObject({ policyVersion: 1 })
  })

  it('answers that a reply is too large instead of breaking', async () => {
    const { gate } = await aGate()
    const { toGate, fromGate } = hang({ ...gate, detailPage: async () => new Uint8Array(maxGateFrameBytes) })
    const far = connectGate(fromGate, toGate, () => undefined)
    await expect(far.detailPage('a', 0)).rejects.toThrow(/at most/)
    expect(await far.identity()).toMatchObject({ policyVersion: 1 })
  })
})

describe('a hostile mesh process (R9)', () => {
  it('cannot make the gate run what the fleet’s people have not signed', async () => {
    const { machine, gate } = await aGate()
    const line = hang(gate)
    const far = connectGate(line.fromGate, line.toGate, () => undefined)
    const operations = [
      { module: 'file', parameters: { searches: { s1: { paths: ['/etc'], names: ['x'] } } } },
    ]
    const stranger = await aTestFleet()
    const body = fleet.question('web1')
    const signed = await fleet.action(body)
    const [unsigned, underweight, foreign, byCarol, other] = await Promise.all([
      fleet.action(body).then(({ wire }) => wire.subarray(0, -200)),
      fleet.action(fleet.question('', { operations })).then(({ wire }) => wire),
      fleet.action(body, stranger.keys.alice).then(({ wire }) => wire),
      fleet.action(body, fleet.keys.carol).then(({ wire }) => wire),
      fleet.action(fleet.question('web2')).then(({ wire }) => wire),
    ])
    // alice's signature over one question, beside the body of another.
    const at = Buffer.from(signed.wire).indexOf('web1')
    const swapped = Uint8Array.from(signed.wire)
    swapped.set(Buffer.from('web9'), at)
    for (const wire of [unsigned, underweight, foreign, byCarol, swapped, new Uint8Array(0)])
      expect((await far.offerAction(wire)).kind).toMatch(/^(refused|invalid)$/)
    // Nor by a policy of its own making.
    const policy = await stranger.policy(9)
    expect(await far.offerPolicy(stranger.rootWire, policy.wire)).toMatchObject({ kind: 'not-taken' })
    expect(await far.offerPolicy(fleet.rootWire, policy.wire)).toMatchObject({ kind: 'not-taken' })
    expect(machine.runner.runs).toEqual([])
    expect(await far.offerAction(other)).toEqual({ kind: 'accepted' })
  })

  it.each([
    ['no JSON', frame('hello')],
    ['no UTF-8', frame(Uint8Array.of(0xff, 0xfe))],
    ['an empty message', frame('')],
    ['too large a message', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['one byte too many', Buffer.from([0, 0x40, 0, 1])],
    ['deep nesting', frame('['.repeat(maxGateFrameBytes))],
    ['a dangerous key', frame('{"__proto__":{"id":1,"call":"identity"}}')],
  ])('that sends %s is hung up on, at once', async (_, bytes) => {
    const { gate } = await aGate()
    const line = hang(gate)
    const startedMs = performance.now()
    line.toGate.write(bytes)
    await line.ended
    expect(performance.now() - startedMs).toBeLessThan(2000)
    expect(line.events).toEqual(['gate-line-broken'])
    await expectAlive(gate)
  })

  it('that asks for what there is not gets no answer, and is hung up on in the end', async () => {
    const { machine, gate } = await aGate()
    const line = hang(gate)
    const wire = base64Encode((await fleet.action(fleet.question('web1'))).wire)
    const wrong = [
      { id: 1, call: 'run', wire },
      { id: '1', call: 'identity' },
      { call: 'identity' },
      { id: 1, call: 'action', wire, signers: ['alice'] },
      { id: 1, call: 'action', wire: `${wire}!` },
      { id: 1, call: 'action', wire: 7 },
      { id: 1, call: 'detail', actionId: 'x'.repeat(65), page: 0 },
      { id: 1, call: 'detail', actionId: 'x', page: -1 },
      { id: 1, call: 'heartbeat', addresses: Array(65).fill('x') },
      { id: 2 ** 60, call: 'identity' },
      [],
    ]
    for (let n = 0; n < maxBadGateRequests; n++) line.toGate.write(request(wrong[n % wrong.length] as object))
    await line.ended
    expect(line.events).toEqual(Array(maxBadGateRequests).fill('gate-request-refused'))
    expect(line.fromGate.read()).toBeNull()
    expect(machine.runner.runs).toEqual([])
    await expectAlive(gate)
  })

  it('may ask for a detail page under any name', async () => {
    const { gate } = await aGate()
    const line = hang(gate)
    const far = connectGate(line.fromGate, line.toGate, () => undefined)
    for (const [id, page] of [
      ['../../gate-meta/policy', 0],
      ['', 0],
      ['a', Number.MAX_SAFE_INTEGER],
    ] as const)
      expect(await far.detailPage(id, page).catch((error: Error) => error.message)).not.toBeInstanceOf(
        Uint8Array,
      )
    expect(await far.identity()).toMatchObject({ policyVersion: 1 })
  })

  it('that asks 10,000 times at once and reads no answer has to wait', async () => {
    const { gate } = await aGate()
    let calls = 0
    const line = hang({
      ...gate,
      async identity() {
        calls++
        return gate.identity()
      },
    })
    for (let id = 0; id < 10_000; id++) line.toGate.write(request({ id, call: 'identity' }))
    const callsWithin = async (turns: number) => {
      const before = calls
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      return calls - before
    }
    await expect.poll(() => callsWithin(50)).toBe(0)
    const callsUnread = calls
    expect(callsUnread).toBeLessThan(10 * maxGatePending)
    expect(line.fromGate.writableLength + line.fromGate.readableLength).toBeLessThan(256 * 1024)
    // Once it reads, everything is answered.
    const answers = await answersFrom(line.fromGate, 10_000)
    expect(answers.length).toBe(10_000)
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(10_000)
    expect(answers.every((answer) => 'value' in answer)).toBe(true)
  })

  it('that reads nothing is not told the same news again and again', async () => {
    const { gate } = await aGate()
    const listeners = new Set<() => void>()
    const line = hang({
      ...gate,
      onOutbox(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    })
    for (let n = 0; n < 100_000; n++) for (const listener of listeners) listener()
    await new Promise((resolve) => setImmediate(resolve))
    expect(line.fromGate.writableLength + line.fromGate.readableLength).toBeLessThan(64 * 1024)
    expect((await answersFrom(line.fromGate, 1))[0]).toEqual({ event: 'outbox' })
  })

  it('does not keep the gate busy by sending a large message in crumbs', async () => {
    const { gate } = await aGate()
    const line = hang(gate)
    const message = request({ id: 1, call: 'action', wire: 'AAAA'.repeat(256 * 1024) })
    const startedMs = performance.now()
    for (let at = 0; at < message.length; at += 16) line.toGate.write(message.subarray(at, at + 16))
    const [answer] = await answersFrom(line.fromGate, 1)
    expect(answer).toMatchObject({ id: 1, value: { kind: 'invalid', code: 'too-large' } })
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })
})
