import '../../node/core/first.ts'
import { randomBytes } from 'node:crypto'
import type { Role } from '../../node/core/certificate.ts'
import type { Clock, Instant, Random } from '../../node/core/clock.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import { createMesh } from '../../node/mesh/create-mesh.ts'
import type { OpenLan } from '../../node/mesh/discovery/lan-discovery.ts'
import type { FrameStream, Member, Mesh, MeshHandlers, MeshOptions } from '../../node/mesh/mesh.ts'
import type { ServedStream, Topic } from '../../node/mesh/topics.ts'

export const realClock: Clock = {
  now: () => Date.now() as Instant,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** The real clock, which a test may put forward. */
export function shiftedClock(): Clock & { shiftMs: number } {
  return {
    ...realClock,
    shiftMs: 0,
    monotonicMs() {
      return performance.now() + this.shiftMs
    },
  }
}

export const realRandom: Random = { bytes: (count) => randomBytes(count), fraction: () => Math.random() }

export interface Received {
  readonly topic: Topic
  readonly publisher: PeerId
  readonly bytes: Uint8Array
}

/** A node of a test, with everything it was told. */
export interface TestNode {
  readonly mesh: Mesh
  readonly peer: PeerId
  readonly address: string
  readonly received: Received[]
  readonly joined: Member[]
  readonly left: PeerId[]
  readonly log: { event: string; details: Record<string, unknown> | undefined }[]
  readonly options: MeshOptions
}

export interface NodeSettings extends Partial<MeshOptions> {
  readonly message?: MeshHandlers['message']
  readonly stream?: (name: ServedStream, peer: PeerId, stream: FrameStream) => Promise<void>
  readonly judge?: MeshHandlers['judge']
  readonly credentials?: MeshHandlers['credentials']
  readonly acquaintances?: MeshHandlers['acquaintances']
  /** As the policy names them, beside `bootstrap`, which is given at the start. */
  readonly policyBootstrap?: MeshHandlers['bootstrap']
  readonly relays?: MeshHandlers['relays']
  readonly clock?: Clock
  /** An imagined office in place of real multicast. */
  readonly lan?: OpenLan
}

const running = new Set<Mesh>()
let memoryNames = 0

/** Every node of the kit shows its role as its credentials, and believes everyone's. */
export async function startNode(role: Role, settings: NodeSettings = {}): Promise<TestNode> {
  const { message, stream, judge, credentials, acquaintances, policyBootstrap, relays, clock, lan, ...rest } =
    settings
  const transport = rest.transport ?? 'tcp'
  const options: MeshOptions = {
    fleet: 'testfleet',
    peerKeySeed: randomBytes(32),
    role,
    listen: [transport === 'tcp' ? '/ip4/127.0.0.1/tcp/0' : `/memory/node-${memoryNames++}`],
    announce: [],
    bootstrap: [],
    subscribe: role === 'agent' ? ['actions', 'policy'] : ['actions', 'policy', 'results', 'presence'],
    minLinks: role === 'agent' ? 1 : 0,
    transport,
    relay: role === 'relay',
    ...rest,
  }
  const received: Received[] = []
  const joined: Member[] = []
  const left: PeerId[] = []
  const log: TestNode['log'] = []
  const handlers: MeshHandlers = {
    credentials: credentials ?? (async () => new TextEncoder().encode(role)),
    judge:
      judge ??
      (async (_peer, shown) => {
        const claimed = new TextDecoder().decode(shown)
        return claimed === 'agent' || claimed === 'relay' || claimed === 'investigator'
          ? { kind: 'admitted', role: claimed }
          : { kind: 'refused', reason: `no role '${claimed}'` }
      }),
    message:
      message ??
      (async (topic, publisher, bytes) => {
        received.push({ topic, publisher, bytes })
        return 'accept'
      }),
    stream: stream ?? (async () => {}),
    joined: (member) => joined.push(member),
    left: (peer) => left.push(peer),
    moved: () => {},
    acquaintances: acquaintances ?? (() => []),
    bootstrap: policyBootstrap ?? (() => []),
    ...(relays === undefined ? {} : { relays }),
  }
  const mesh = await createMesh(options, {
    handlers,
    clock: clock ?? realClock,
    random: realRandom,
    log: (event, details) => log.push({ event, details }),
    ...(lan === undefined ? {} : { lan }),
  })
  running.add(mesh)
  return { mesh, peer: mesh.peerId, address: mesh.addresses()[0] ?? '', received, joined, left, log, options }
}

export async function stopNode(node: TestNode): Promise<void> {
  running.delete(node.mesh)
  await node.mesh.stop()
}

export async function stopAll(): Promise<void> {
  const all = [...running]
  running.clear()
  await Promise.all(all.map((mesh) => mesh.stop()))
}

/** Resolves when the claim holds; fails with what was awaited when it does not in time. */
export async function until(what: string, claim: () => boolean, limitMs = 20_000): Promise<number> {
  const startedMs = performance.now()
  while (!claim()) {
    if (performance.now() - startedMs > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - startedMs
}

export function within(ms: number): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(ms) }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/** The texts that a node received on a topic. */
export function texts(node: TestNode, topic: Topic): string[] {
  return node.received.filter((one) => one.topic === topic).map((one) => new TextDecoder().decode(one.bytes))
}
