import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { Clock } from '../../node/core/clock.ts'
import { realClock, startNode, stopAll, until } from './mesh-kit.ts'

const times = 10
/** Ten seconds in one. */
const fastClock: Clock = {
  ...realClock,
  monotonicMs: () => performance.now() * times,
  sleep: (ms, signal) => realClock.sleep(ms / times, signal),
  after: (ms, task) => realClock.after(ms / times, task),
}

const closers: (() => void)[] = []
afterEach(async () => {
  await stopAll()
  for (const close of closers.splice(0)) close()
})

/** A cable to `port` that counts what goes over it, and may let nothing through any more without breaking. */
async function cable(port: number) {
  const sockets: Socket[] = []
  const state = { bytes: 0, isDead: false }
  const server = createServer((inner) => {
    const outer = connect(port, '127.0.0.1')
    sockets.push(inner, outer)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('error', () => undefined)
      from.on('close', () => state.isDead || to.destroy())
      from.on('data', (data) => {
        if (state.isDead) return
        state.bytes += data.length
        to.write(data)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { state, port: address.port }
}

async function linked() {
  const relay = await startNode('relay', { clock: fastClock })
  const port = /\/tcp\/(\d+)/.exec(relay.address)?.[1]
  const way = await cable(Number(port))
  const agent = await startNode('agent', {
    clock: fastClock,
    listen: [],
    bootstrap: [relay.address.replace(`/tcp/${port}`, `/tcp/${way.port}`)],
  })
  await until('linked', () => agent.joined.length === 1 && relay.joined.length === 1)
  return { relay, agent, way }
}

it('a link that is idle holds, for little', async () => {
  const { relay, agent, way } = await linked()
  await realClock.sleep(1000)
  const before = way.state.bytes
  await realClock.sleep(6000)
  expect(agent.left).toEqual([])
  expect(relay.left).toEqual([])
  const bytes = way.state.bytes - before
  // Sixty seconds: two or three pings and their pongs, of 12 bytes and 18 for Noise each.
  expect(bytes).toBeGreaterThanOrEqual(2 * 30)
  expect(bytes).toBeLessThan(1000)
}, 20_000)

it('a link over which nothing comes any more is ended by both', async () => {
  const { relay, agent, way } = await linked()
  way.state.isDead = true
  const start = performance.now()
  await until(
    'both have noticed',
    () => agent.left.includes(relay.peer) && relay.left.includes(agent.peer),
    10_000,
  )
  // Twenty seconds of quiet before the ping, fifteen after it; nothing is given up before.
  expect((performance.now() - start) * times).toBeGreaterThan(25_000)
}, 20_000)
