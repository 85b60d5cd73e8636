import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { observesPerMinutePeer, punchesPerMinutePeer } from '../../node/core/limits.ts'
import { type PeerId, parsePeerId } from '../../node/core/peer-id.ts'
import { formatEndpoint } from '../../node/mesh/hole-punch/endpoint.ts'
import {
  decodeObserve,
  decodePunch,
  encodeObserve,
  encodePunch,
  type PunchMessage,
} from '../../node/mesh/hole-punch/punch-message.ts'
import { streamProtocol } from '../../node/mesh/topics.ts'
import { startNode, stopAll, until, within } from './mesh-kit.ts'
import { enrolByHand, enrolOn, type Stranger, startStranger, stopStrangers } from './stranger.ts'

const walkers: Libp2p[] = []
afterEach(async () => {
  await stopAll()
  await stopStrangers()
  await Promise.all(walkers.splice(0).map((libp2p) => libp2p.stop()))
})

const idOf = ({ libp2p }: Stranger) => parsePeerId(libp2p.peerId.toString()) as PeerId

/** Sends one frame on a new stream and reads the answer; undefined when the stream is cut instead. */
async function ask(connection: Connection, name: 'observe' | 'punch', frame: Uint8Array) {
  const protocol = streamProtocol('testfleet', name)
  const stream = await connection.newStream(protocol, { runOnLimitedConnection: true }).catch(() => undefined)
  if (stream === undefined) return undefined
  try {
    const frames = lpStream(stream)
    await frames.write(frame)
    return (await frames.read({ signal: AbortSignal.timeout(5000) })).subarray()
  } catch {
    return undefined
  } finally {
    stream.abort(new Error('done'))
  }
}

async function observed(
  connection: Connection,
  question: { kind: 'me'; for: PeerId } | { kind: 'where'; peer: PeerId },
) {
  const answer = await ask(connection, 'observe', encodeObserve({ v: 1, ...question }))
  const message = answer === undefined ? undefined : decodeObserve(answer)
  if (message?.kind !== 'seen') return 'cut off'
  return message.at === undefined ? 'nothing' : formatEndpoint(message.at)
}

test('where a member is seen is told to it and to whom it named, as long as it is there', async () => {
  const relay = await startNode('relay')
  const [one, two, three] = await Promise.all([startStranger(), startStranger(), startStranger()])
  const links = []
  for (const member of [one, two, three]) links.push(await enrolByHand(member, relay.address, 'agent'))
  const [, ofTwo, ofThree] = links as [Connection, Connection, Connection]
  const probe = await one.libp2p.dial(multiaddr(relay.address), { force: true })
  const seen = await observed(probe, { kind: 'me', for: idOf(two) })
  expect(seen).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(await observed(ofTwo, { kind: 'where', peer: idOf(one) })).toBe(seen)
  expect(await observed(ofThree, { kind: 'where', peer: idOf(one) })).toBe('nothing')
  expect(await observed(ofTwo, { kind: 'where', peer: idOf(three) })).toBe('nothing')
  await probe.close()
  let answer = seen
  await until('it is forgotten', () => {
    void observed(ofTwo, { kind: 'where', peer: idOf(one) }).then((now) => {
      answer = now
    })
    return answer === 'nothing'
  })
})

test('a stranger is told nothing, nor a member that asks all the time', async () => {
  const relay = await startNode('relay')
  const [stranger, member] = await Promise.all([startStranger(), startStranger()])
  const unknown = await stranger.libp2p.dial(multiaddr(relay.address))
  expect(await observed(unknown, { kind: 'me', for: idOf(member) })).toBe('cut off')
  const known = await enrolByHand(member, relay.address, 'agent')
  const answers = []
  for (let i = 0; i <= observesPerMinutePeer; i++)
    answers.push(await observed(known, { kind: 'where', peer: idOf(stranger) }))
  expect(answers[0]).toBe('nothing')
  expect(answers.at(-1)).toBe('cut off')
})

test('two agents behind one address stay on their relay, and their probes are no links', async () => {
  const relay = await startNode('relay')
  const agent = () => startNode('agent', { listen: [], bootstrap: [relay.address] })
  const [a, b] = [await agent(), await agent()]
  await until('reservations', () => [a, b].every(({ mesh }) => mesh.addresses().length > 0))
  const [starter, other] = a.peer < b.peer ? [a, b] : [b, a]
  await starter.mesh.dial(other.mesh.addresses(), within(10_000))
  const ends = (node: typeof a) => node.log.find(({ event }) => event.startsWith('hole-punch'))
  await until('both know', () => ends(a) !== undefined && ends(b) !== undefined)
  expect(ends(starter)).toEqual({
    event: 'hole-punch-failed',
    details: { peer: other.peer, reason: 'same-nat' },
  })
  expect(ends(other)?.details).toMatchObject({ reason: 'same-nat' })
  for (const { mesh } of [a, b])
    expect(
      mesh
        .members()
        .map(({ relayed }) => relayed)
        .sort(),
    ).toEqual([false, true])
  expect(relay.mesh.members()).toHaveLength(2)
  expect(relay.left).toEqual([])
  expect(relay.log.filter(({ event }) => event === 'peer-not-admitted')).toEqual([])
})

/** A raw node that reaches others through relays; it enrols by hand and keeps no rule of ours. */
async function startWalker(): Promise<Libp2p> {
  const libp2p = await createLibp2p({
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
  walkers.push(libp2p)
  return libp2p
}

test('a member that keeps on punching is declined, whatever it says, and goes on as a member', async () => {
  const relay = await startNode('relay')
  const agent = await startNode('agent', { listen: [], bootstrap: [relay.address] })
  await until('a reservation', () => agent.mesh.addresses().length > 0)
  const walker = await startWalker()
  const direct = await walker.dial(multiaddr(relay.address))
  await enrolOn(direct, 'agent')
  const circuit = await walker.dial(multiaddr(agent.mesh.addresses()[0] ?? ''))
  await enrolOn(circuit, 'agent')

  const victims = ['5.5.9.9:4001', '10.0.0.1:8080'].map((text) => ({
    ip: text.split(':')[0] ?? '',
    port: 4001,
  }))
  const offer = encodePunch({ v: 1, kind: 'offer', listen: victims })
  const answers: (PunchMessage | undefined)[] = []
  for (let i = 0; i < punchesPerMinutePeer + 2; i++) {
    const answer = await ask(circuit, 'punch', i === 1 ? Uint8Array.of(1, 2, 3) : offer)
    answers.push(answer === undefined ? undefined : decodePunch(answer))
  }
  // Nobody has told the relay of a port, so there is nowhere to connect to.
  expect(answers[0]).toEqual({ v: 1, kind: 'decline', reason: 'not-observed' })
  expect(answers[1]).toBeUndefined()
  expect(answers.slice(-2)).toEqual([
    { v: 1, kind: 'decline', reason: 'rate' },
    { v: 1, kind: 'decline', reason: 'rate' },
  ])
  expect(circuit.status).toBe('open')
  expect(agent.mesh.members()).toHaveLength(2)
  // Over a direct connection there is nothing to punch.
  const answer = await ask(direct, 'punch', offer)
  expect(answer === undefined ? undefined : decodePunch(answer)).toEqual({
    v: 1,
    kind: 'decline',
    reason: 'not-relayed',
  })
})
