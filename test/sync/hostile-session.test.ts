import { describe, expect, it } from 'vitest'
import type { Instant } from '../../node/core/clock.ts'
import { utf8 } from '../../node/core/encoding.ts'
import {
  maxHelloMarks,
  maxSyncFrameBytes,
  maxTurnBytes,
  maxTurns,
  maxWantedMarks,
} from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { FrameStream } from '../../node/mesh/mesh.ts'
import { encodeItems } from '../../node/sync/item.ts'
import { MarkTree } from '../../node/sync/mark-tree.ts'
import { encodeHello, type Hello } from '../../node/sync/message.ts'
import { runSession } from '../../node/sync/session.ts'
import { encodeTurn, type Range } from '../../node/sync/turn.ts'
import { aMark, someMarks } from './marks.ts'
import { aNode, aWire, type PlainNode, peers } from './sync-kit.ts'

const lie = 'ee'.repeat(32)
const aHello = (change: Partial<Hello> = {}): Uint8Array =>
  encodeHello({
    v: 2,
    at: 0 as Instant,
    have: {},
    goeson: true,
    awaits: [],
    hops: 0,
    acquaintances: [],
    ...change,
  })
const aWant = (marks: readonly string[]) => new Uint8Array(Buffer.from(`00${marks.join('')}`, 'hex'))
const children = (prefix: string): Range => ({
  kind: 'result',
  prefix,
  says: 'children',
  fingerprints: Array.from({ length: 16 }, () => lie),
})

/** A relay with some results, in a session with a member that does as it likes. */
async function attacked(
  attack: (line: FrameStream) => Promise<void>,
  relay: PlainNode = full(),
  first = false,
) {
  const wire = aWire()
  const signal = AbortSignal.timeout(15_000)
  const session = runSession(relay.sync, { peer: peers[1] as PeerId, role: 'relay' }, wire.ends[0], {
    first,
    signal,
  })
  const verdict = session
    .then(
      () => 'ended',
      (error: { code?: string }) => error.code ?? String(error),
    )
    .finally(() => wire.ends[0].close())
  await attack(wire.ends[1]).catch(() => undefined)
  await wire.ends[1].close()
  return { verdict: await verdict, sent: wire.sizes[0], relay }
}

function full(): PlainNode {
  const relay = aNode('relay')
  for (let i = 0; i < 3000; i++) relay.put('result', `result ${i}`)
  return relay
}

const read = (line: FrameStream) =>
  line.read({ signal: AbortSignal.timeout(15_000), maxBytes: maxSyncFrameBytes })
const write = (line: FrameStream, frame: Uint8Array) =>
  line.write(frame, { signal: AbortSignal.timeout(15_000) })

describe('a member that breaks a session ends it with a reason, and nothing of it stays', () => {
  it.each<[string, string, Uint8Array]>([
    ['bytes for a hello', 'bad-input', Uint8Array.of(1, 2, 3)],
    [
      'a hello of another version',
      'bad-input',
      utf8('{"v":1,"have":{},"awaits":[],"carry":false,"acquaintances":[]}'),
    ],
    [
      'a hello with a field too many',
      'bad-input',
      utf8('{"v":2,"have":{},"goeson":true,"awaits":[],"hops":0,"acquaintances":[],"x":1}'),
    ],
    [
      'a hello with more marks than a hello lists',
      'bad-input',
      aHello({ have: { result: { marks: someMarks(0, maxHelloMarks + 1) } } }),
    ],
    [
      'a hello with a mark cut short',
      'bad-input',
      utf8('{"v":2,"have":{"result":{"marks":"abc"}},"goeson":true,"awaits":[],"hops":0,"acquaintances":[]}'),
    ],
    ['a frame above the bound', 'too-large', new Uint8Array(maxSyncFrameBytes + 1)],
  ])('with %s', async (_what, code, hello) => {
    const { verdict, relay } = await attacked((line) => write(line, hello))
    expect(verdict).toBe(code)
    expect(relay.entered).toEqual([])
  })

  it.each<[string, (turn: number) => Uint8Array]>([
    ['a turn that cannot be read', () => Uint8Array.of(9, 9, 9)],
    ['parts that overlap', () => encodeTurn([children(''), children('0')])],
    ['parts out of order', () => encodeTurn([children('b'), children('a')])],
    ['a part that nobody asked for', () => encodeTurn([children('abc')])],
    ['the same part again and again', () => encodeTurn([children('')])],
    ['a turn above the bound', () => new Uint8Array(maxSyncFrameBytes + 1)],
  ])('with %s', async (_what, turn) => {
    const { verdict } = await attacked(async (line) => {
      await write(line, aHello({ have: { result: { fingerprint: lie } } }))
      await read(line)
      for (let i = 1; ; i++) {
        await write(line, turn(i))
        if ((await read(line)) === undefined) return
      }
    })
    expect(verdict).toMatch(/^(bad-input|too-large)$/)
  })

  it('with fingerprints that lie, for as long as anybody listens: the turns end by themselves, and each is bounded', async () => {
    let turns = 0
    const { verdict, sent } = await attacked(async (line) => {
      await write(line, aHello({ have: { result: { fingerprint: lie } } }))
      await read(line)
      let parts = ['']
      while (parts.length > 0) {
        await write(line, encodeTurn(parts.map(children)))
        if ((await read(line)) === undefined) return
        turns += 2
        // One digit deeper everywhere, whatever the answer was.
        parts =
          parts.length > 200
            ? []
            : parts.flatMap((part) => [...'0123456789abcdef'].map((digit) => part + digit))
      }
      await write(line, encodeTurn([]))
      await line.close()
    })
    expect(verdict).toBe('bad-input')
    expect(turns).toBeLessThan(maxTurns)
    expect(Math.max(...sent)).toBeLessThanOrEqual(maxTurnBytes + 1024)
  })

  it('with turns that ask for ever about parts that both have in plenty', async () => {
    // Marks that begin alike for twenty digits: every turn is a lawful one.
    const alike = MarkTree.of(
      Array.from(
        { length: 100 },
        (_, i) => `${'0'.repeat(20)}${aMark(i).slice(0, 12)}` as ReturnType<typeof aMark>,
      ),
    )
    const relay = aNode('relay', { shared: () => new Map([['result', alike]]) })
    const { verdict } = await attacked(async (line) => {
      await write(line, aHello({ have: { result: { fingerprint: lie } } }))
      await read(line)
      for (let depth = 0; depth <= 32; depth++) {
        await write(line, encodeTurn([children('0'.repeat(depth))]))
        if ((await read(line)) === undefined) return
      }
    }, relay)
    expect(verdict).toBe('bad-input')
  })

  it('with a claim to a million items that it never sends: what we ask for is bounded, and the session ends', async () => {
    const asked: number[] = []
    const { verdict, relay } = await attacked(async (line) => {
      await write(line, aHello({ have: { result: { fingerprint: lie } } }))
      await read(line)
      await write(
        line,
        encodeTurn([{ kind: 'result', prefix: '', says: 'missing', marks: someMarks(0, 60_000).sort() }]),
      )
      await read(line)
      await write(line, Uint8Array.of(0))
      asked.push((await read(line))?.length ?? 0)
      await write(line, new Uint8Array(0))
      while (((await read(line))?.length ?? 0) > 0);
      await line.close()
    }, aNode('relay'))
    expect(verdict).toBe('ended')
    expect(asked[0]).toBe(1 + 16 * maxWantedMarks)
    expect(relay.entered).toEqual([])
  })

  it.each<[string, Uint8Array]>([
    ['more than may be asked for', aWant(someMarks(0, maxWantedMarks + 1).sort())],
    ['marks twice', aWant([aMark(1), aMark(1)])],
    ['no flag', new Uint8Array(0)],
    ['another flag', Uint8Array.of(2)],
  ])('with a want that has %s', async (_what, want) => {
    const { verdict } = await attacked(async (line) => {
      await write(line, aHello())
      await read(line)
      await write(line, want)
      await read(line)
    })
    expect(verdict).toBe('bad-input')
  })

  it('with items without end', async () => {
    const relay = aNode('relay', { enter: async () => false })
    const frame = encodeItems([{ kind: 'result', bytes: new Uint8Array(1024 * 1024) }])
    let frames = 0
    const { verdict } = await attacked(async (line) => {
      await write(line, aHello())
      await read(line)
      await write(line, Uint8Array.of(0))
      await read(line)
      for (; frames < 100; frames++) {
        await write(line, frame)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }, relay)
    expect(verdict).toBe('too-large')
    expect(frames).toBe(100)
  })

  it('with a frame of items that cannot be read', async () => {
    const { verdict, relay } = await attacked(async (line) => {
      await write(line, aHello())
      await read(line)
      await write(line, Uint8Array.of(0))
      await read(line)
      await write(line, Uint8Array.of(99, 1, 0))
    })
    expect(verdict).toBe('bad-input')
    expect(relay.entered).toEqual([])
  })

  it('by leaving in the middle', async () => {
    const { verdict } = await attacked(async (line) => {
      await write(line, aHello({ have: { result: { fingerprint: lie } } }))
      await read(line)
      await line.close()
    })
    expect(verdict).toBe('bad-input')
  })

  it('by wanting what it was never shown: it gets nothing', async () => {
    const relay = aNode('relay')
    const mark = relay.put('result', 'secret')
    relay.put('action', 'a question')
    const frames: (Uint8Array | undefined)[] = []
    const wire = aWire()
    const session = runSession(relay.sync, { peer: peers[1] as PeerId, role: 'agent' }, wire.ends[0], {
      first: false,
      signal: AbortSignal.timeout(15_000),
    })
    const line = wire.ends[1]
    await write(line, aHello())
    await read(line)
    await write(line, aWant([mark]))
    await read(line)
    await write(line, new Uint8Array(0))
    frames.push(await read(line))
    expect((await session).sent).toBe(0)
    expect(frames).toEqual([new Uint8Array(0)])
  })
})
