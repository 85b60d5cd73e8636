import { afterEach, expect, test } from 'vitest'
import type { FrameStream } from '../../node/mesh/mesh.ts'
import { bytesOf, type NodeSettings, startNode, stopAll, textOf, until, within } from './mesh-kit.ts'

afterEach(stopAll)

type Serve = NonNullable<NodeSettings['stream']>

async function aPair(serve: Serve) {
  const relay = await startNode('relay', { stream: serve })
  const agent = await startNode('agent', { bootstrap: [relay.address] })
  await until('both joined', () => relay.joined.length === 1 && agent.joined.length === 1)
  return { relay, agent, open: () => agent.mesh.open(relay.peer, 'sync', within(5000)) }
}

/** Answers each frame with itself until the other side has finished. */
const echo: Serve = async (_name, _peer, stream) => {
  for (;;) {
    const frame = await stream.read({ ...within(5000), maxBytes: 1 << 22 })
    if (frame === undefined) return
    await stream.write(frame, within(5000))
  }
}

test('frames go both ways, from none to 3 MiB, and the end is an end', async () => {
  const seen: string[] = []
  const { agent, open } = await aPair((name, peer, stream) => {
    seen.push(`${name} ${peer}`)
    return echo(name, peer, stream)
  })
  const stream = await open()
  for (const size of [0, 1, 127, 128, 65_536, 3 * 1024 * 1024]) {
    const frame = new Uint8Array(size).fill(size & 255)
    await stream.write(frame, within(5000))
    const back = await stream.read({ ...within(5000), maxBytes: size })
    expect(back?.constructor).toBe(Uint8Array)
    expect(back !== undefined && Buffer.compare(back, frame)).toBe(0) // toEqual takes half a minute on 3 MiB
  }
  await stream.close()
  expect(await stream.read({ ...within(5000), maxBytes: 10 })).toBeUndefined()
  expect(seen).toEqual([`sync ${agent.peer}`])
})

test('a finished writer can still read: half-close', async () => {
  const { open } = await aPair(async (_name, _peer, stream) => {
    const parts: string[] = []
    for (let frame = await stream.read({ ...within(5000), maxBytes: 9 }); frame !== undefined; ) {
      parts.push(textOf(frame) ?? '')
      frame = await stream.read({ ...within(5000), maxBytes: 9 })
    }
    await stream.write(bytesOf(`got ${parts.join('+')}`), within(5000))
  })
  const stream = await open()
  await stream.write(bytesOf('one'), within(5000))
  await stream.write(bytesOf('two'), within(5000))
  await stream.close()
  expect(textOf(await stream.read({ ...within(5000), maxBytes: 100 }))).toBe('got one+two')
  expect(await stream.read({ ...within(5000), maxBytes: 100 })).toBeUndefined()
})

test('a frame over the reader’s limit is refused before it is read, and the writer notices', async () => {
  const failures: unknown[] = []
  const { relay, open } = await aPair(async (_name, _peer, stream) => {
    await stream.read({ ...within(5000), maxBytes: 1000 }).catch((error) => {
      failures.push(error)
      throw error
    })
  })
  const stream = await open()
  await stream.write(new Uint8Array(1001), within(5000))
  await until('it was refused', () => failures.length === 1)
  expect(failures[0]).toMatchObject({ code: 'too-large' })
  await expect(stream.read({ ...within(5000), maxBytes: 10 })).rejects.toMatchObject({
    code: 'not-reachable',
  })
  expect(relay.log.map(({ event }) => event)).toContain('stream-handler-failed')

  const second = await open()
  await second.write(new Uint8Array(1000), within(5000))
  expect(await second.read({ ...within(5000), maxBytes: 10 })).toBeUndefined()
  expect(failures).toHaveLength(1)
})

test('a reader that waits too long gets a timeout, and one whose stream is aborted gets not-reachable', async () => {
  let served: FrameStream | undefined
  const { open } = await aPair(async (_name, _peer, stream) => {
    served = stream
    await new Promise<void>((resolve) => setTimeout(resolve, 3000).unref())
  })
  const stream = await open()
  await stream.write(bytesOf('x'), within(5000))
  await expect(stream.read({ ...within(100), maxBytes: 10 })).rejects.toMatchObject({ code: 'timeout' })
  await until('it is served', () => served !== undefined)
  const waiting = stream.read({ ...within(5000), maxBytes: 10 })
  served?.abort('enough')
  await expect(waiting).rejects.toMatchObject({ code: 'not-reachable' })
  await expect(stream.write(bytesOf('y'), within(1000))).rejects.toMatchObject({ code: 'not-reachable' })
})

test('a writer waits for a reader that pauses, instead of filling its memory', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let read = 0
  const { open } = await aPair(async (_name, _peer, stream) => {
    while ((await stream.read({ ...within(10_000), maxBytes: 1 << 20 })) !== undefined) {
      // First at full speed, whereby yamux widens its window.
      if (++read === 64) await gate
    }
  })
  const stream = await open()
  let written = 0
  const writing = (async () => {
    for (let i = 0; i < 128; i++) {
      await stream.write(new Uint8Array(256 * 1024), within(10_000)) // 32 MiB in all
      written++
    }
    await stream.close()
  })()
  await until('the reader pauses', () => read === 64)
  await new Promise((resolve) => setTimeout(resolve, 300)) // to show that the writer does not go on
  expect(written).toBeLessThan(64 + 8)
  release()
  await writing
  await until('all was read', () => read === 128)
})

test('a write that nobody reads ends at its deadline', async () => {
  const { open } = await aPair(() => new Promise<void>((resolve) => setTimeout(resolve, 4000).unref()))
  const stream = await open()
  const writing = (async () => {
    for (;;) await stream.write(new Uint8Array(1 << 20), within(300))
  })()
  await expect(writing).rejects.toMatchObject({ code: 'timeout' })
  stream.abort('test is done')
})

test('the mesh closes a stream when its handler is done, and resets it when the handler fails', async () => {
  let fail = false
  const { open } = await aPair(async (_name, _peer, stream) => {
    await stream.read({ ...within(5000), maxBytes: 10 })
    await stream.write(bytesOf('last word'), within(1000))
    if (fail) throw new Error('broken')
  })
  const stream = await open()
  await stream.write(bytesOf('go'), within(5000))
  expect(textOf(await stream.read({ ...within(5000), maxBytes: 100 }))).toBe('last word')
  expect(await stream.read({ ...within(5000), maxBytes: 100 })).toBeUndefined()
  fail = true
  const failing = await open()
  await failing.write(bytesOf('go'), within(5000))
  const rest = (async () => {
    while ((await failing.read({ ...within(5000), maxBytes: 100 })) !== undefined);
  })()
  await expect(rest).rejects.toMatchObject({ code: 'not-reachable' })
})

test('a member has at most eight streams at once, and gets a new one when one is done', async () => {
  const held: FrameStream[] = []
  const finish: (() => void)[] = []
  const { relay, open } = await aPair(async (_name, _peer, stream) => {
    held.push(stream)
    await new Promise<void>((resolve) => finish.push(resolve))
  })
  const mine: FrameStream[] = []
  for (let i = 0; i < 8; i++) {
    const stream = await open()
    await stream.write(bytesOf('x'), within(5000))
    mine.push(stream)
  }
  await until('eight are served', () => held.length === 8)
  const ninth = await open().catch(() => undefined)
  if (ninth !== undefined) {
    await expect(ninth.read({ ...within(5000), maxBytes: 10 })).rejects.toMatchObject({
      code: 'not-reachable',
    })
  }
  expect(held).toHaveLength(8)
  finish[0]?.()
  await mine[0]?.close()
  await until('a new one is served', () => {
    void open()
      .then((stream) => stream.write(bytesOf('y'), within(1000)))
      .catch(() => {})
    return held.length > 8
  })
  expect(relay.mesh.members()).toHaveLength(1)
  for (const done of finish) done()
})

test('a stream to a known member is opened by dialling it, to an unknown one it is not-reachable', async () => {
  const relay = await startNode('relay', { stream: echo })
  const agent = await startNode('agent', {
    minLinks: 0,
    acquaintances: () => [{ peer: relay.peer, addresses: [relay.address] }],
  })
  const stream = await agent.mesh.open(relay.peer, 'detail', within(5000))
  await stream.write(bytesOf('hello'), within(5000))
  expect(textOf(await stream.read({ ...within(5000), maxBytes: 100 }))).toBe('hello')
  const other = await startNode('relay')
  await expect(agent.mesh.open(other.peer, 'sync', within(1000))).rejects.toMatchObject({
    code: 'not-reachable',
  })
})

test('who reads slowly gets everything: twenty MiB of frames, each used before the next is read', async () => {
  const size = 250_000
  const count = 80
  const { agent, open } = await aPair(async (_name, _peer, stream) => {
    await stream.read({ ...within(5000), maxBytes: 10 })
    for (let n = 0; n < count; n++) await stream.write(new Uint8Array(size).fill(n), within(20_000))
  })
  const stream = await open()
  await stream.write(bytesOf('go'), within(5000))
  for (let n = 0; n < count; n++) {
    const frame = await stream.read({ ...within(5000), maxBytes: size })
    expect([frame?.length, frame?.[0], frame?.at(-1)]).toEqual([size, n, n])
    // Longer than the frames take that are on their way meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(await stream.read({ ...within(5000), maxBytes: size })).toBeUndefined()
  expect(agent.mesh.members()).toHaveLength(1)
}, 30_000)
