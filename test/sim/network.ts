import type { Clock } from '../../node/core/clock.ts'
import { MigError, messageOf } from '../../node/core/error.ts'
import { gossipVerdictLimitMs, maxServedStreamsPeer } from '../../node/core/limits.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { createMesh } from '../../node/mesh/create-mesh.ts'
import type { Member, Mesh, MeshHandlers, MeshOptions } from '../../node/mesh/mesh.ts'
import { type Topic, topicBounds } from '../../node/mesh/topics.ts'
import { nodeKeysOf } from '../../node/verification/node-keys.ts'
import type { Scheduler } from './scheduler.ts'
import type { SeededRandom } from './seeded-random.ts'
import { createWire, type Wire } from './wire.ts'

/** What goes wrong on the way, each as a probability. */
export interface Weather {
  /** A gossip message does not reach one neighbour. */
  readonly lost: number
  /** It reaches it twice. */
  readonly doubled: number
  /** A stream breaks at one of its frames. */
  readonly broken: number
  /** The longest that a message takes, ms. */
  readonly slowestMs: number
}

interface SimNode {
  readonly name: string
  readonly peer: PeerId
  readonly options: MeshOptions
  readonly handlers: MeshHandlers
  readonly clock: Clock
  readonly links: Map<PeerId, Link>
  readonly seen: Set<string>
  readonly dialling: Set<PeerId>
  isUp: boolean
}

interface Link {
  readonly member: Member
  readonly other: SimNode
  readonly wires: Set<Wire>
  served: number
}

/** The `Mesh` port without libp2p: links, floods for gossip, streams, a supervisor; all of it messages that the scheduler orders. */
export interface SimNetwork {
  setWeather(weather: Weather): void
  /** Which nodes reach each other, by name. Links that it does not let through break. */
  setReach(reach: (a: string, b: string) => boolean): void
  /** Links that are up. */
  pairs(): readonly (readonly [string, string])[]
  /** Breaks one; it may come again. */
  cut(a: string, b: string): void
  createMesh(name: string, isDead: () => boolean): typeof createMesh
  /** The machine is gone; its neighbours notice at once or after a while. */
  crash(name: string): void
}

export function createSimNetwork(ports: {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
}): SimNetwork {
  const { scheduler, random } = ports
  const byName = new Map<string, SimNode>()
  let weather: Weather = { lost: 0, doubled: 0, broken: 0, slowestMs: 20 }
  let reach: (a: string, b: string) => boolean = () => true
  let messages = 0
  /** `/memory/<name>`, with or without the peer's id. */
  const nodeAt = (address: string) => byName.get(address.split('/')[2] ?? '')
  const delayMs = () => 1 + weather.slowestMs * random.fraction() ** 3

  function breakLink(a: SimNode, b: SimNode, reason: string): void {
    // A node that has come again is another one with the same id.
    const take = (from: SimNode, to: SimNode): Link | undefined => {
      const link = from.links.get(to.peer)
      if (link?.other !== to) return undefined
      from.links.delete(to.peer)
      return link
    }
    const links = [take(a, b), take(b, a)]
    if (links.every((link) => link === undefined)) return
    scheduler.note(`${a.name} -x- ${b.name}: ${reason}`)
    for (const link of links) for (const wire of link?.wires ?? []) wire.sever(reason)
    if (links[0] !== undefined && a.isUp) a.handlers.left(b.peer)
    if (links[1] !== undefined && b.isUp) b.handlers.left(a.peer)
  }

  /** A handshake: each judges what the other shows, and both must admit. */
  async function connect(from: SimNode, to: SimNode, address: string): Promise<void> {
    const isPossible = () => from.isUp && to.isUp && reach(from.name, to.name)
    await from.clock.sleep(delayMs())
    if (!isPossible()) throw new MigError('not-reachable', `${to.name} does not answer`)
    if (from.links.has(to.peer)) return
    const [ours, theirs] = await Promise.all([from.handlers.credentials(), to.handlers.credentials()])
    const there = await to.handlers.judge(from.peer, ours)
    const here = await from.handlers.judge(to.peer, theirs)
    await from.clock.sleep(delayMs())
    if (here.kind === 'refused') throw new MigError('not-reachable', `${from.name} refuses: ${here.reason}`)
    if (there.kind === 'refused') throw new MigError('not-reachable', `${to.name} refuses: ${there.reason}`)
    if (!isPossible()) throw new MigError('not-reachable', `${to.name} is gone again`)
    if (from.links.has(to.peer)) return
    const before = to.links.get(from.peer)
    if (before !== undefined) breakLink(to, before.other, 'replaced')
    const connectedAtMs = from.clock.now()
    const link = (other: SimNode, role: Member['role'], direction: Member['direction']): Link => ({
      member: { peer: other.peer, role, connectedAtMs, address, direction, relayed: false },
      other,
      wires: new Set(),
      served: 0,
    })
    const outbound = link(to, here.role, 'outbound')
    const inbound = link(from, there.role, 'inbound')
    from.links.set(to.peer, outbound)
    to.links.set(from.peer, inbound)
    scheduler.note(`${from.name} --> ${to.name}`)
    to.handlers.joined(inbound.member)
    from.handlers.joined(outbound.member)
  }

  async function dial(from: SimNode, addresses: readonly string[]): Promise<PeerId> {
    const reasons: string[] = []
    for (const address of addresses) {
      const to = nodeAt(address)
      if (to === undefined || to === from || to.options.listen.length === 0) continue
      try {
        await connect(from, to, address)
        return to.peer
      } catch (error) {
        reasons.push(messageOf(error))
      }
    }
    throw new MigError('not-reachable', reasons.join('; ') || 'no address')
  }

  /** Keeps `minLinks` and whoever is bootstrap, as libp2p's side does it, on virtual time. */
  function supervise(node: SimNode): void {
    node.clock.after(1000 * random.between(0.5, 2), () => {
      if (!node.isUp) return
      const isMissing = (peer: PeerId) =>
        peer !== node.peer && !node.links.has(peer) && !node.dialling.has(peer)
      const wanted = new Map<PeerId, readonly string[]>()
      for (const address of [...node.options.bootstrap, ...node.handlers.bootstrap()]) {
        const peer = nodeAt(address)?.peer
        if (peer !== undefined && isMissing(peer)) wanted.set(peer, [address])
      }
      if (node.links.size < node.options.minLinks) {
        const known = node.handlers.acquaintances().filter(({ peer }) => isMissing(peer))
        const chosen = known.length === 0 ? undefined : random.pick(known)
        if (chosen !== undefined) wanted.set(chosen.peer, chosen.addresses)
      }
      for (const [peer, addresses] of wanted) {
        node.dialling.add(peer)
        dial(node, addresses)
          .catch(() => undefined)
          .finally(() => node.dialling.delete(peer))
      }
      supervise(node)
    })
  }

  /** One hop of a flood. */
  function pass(from: SimNode, to: SimNode, message: GossipMessage): void {
    const copies = random.isHit(weather.lost) ? 0 : random.isHit(weather.doubled) ? 2 : 1
    if (copies === 0) scheduler.note(`${from.name} ~> ${to.name} lost ${message.topic} ${message.id}`)
    for (let copy = 0; copy < copies; copy++) {
      scheduler.after(delayMs(), `${from.name} ~> ${to.name} ${message.topic} ${message.id}`, () => {
        if (!to.isUp || !to.links.has(from.peer)) return
        // The second copy is let through, though gossip would stop it: what comes twice must change nothing.
        const isFirst = !to.seen.has(message.id)
        if (!isFirst && copy === 0) return
        to.seen.add(message.id)
        void judge(to, message).then((verdict) => {
          if (verdict !== 'accept' || !isFirst) return
          for (const { other } of to.links.values())
            if (other !== from && other.options.subscribe.includes(message.topic)) pass(to, other, message)
        })
      })
    }
  }

  async function judge(node: SimNode, { topic, publisher, bytes }: GossipMessage) {
    const late = new AbortController()
    const limit = node.clock.sleep(gossipVerdictLimitMs, late.signal).then(
      () => 'ignore' as const,
      () => 'ignore' as const,
    )
    const verdict = await Promise.race([node.handlers.message(topic, publisher, bytes), limit])
    late.abort()
    return verdict
  }

  function meshOf(node: SimNode): Mesh {
    return {
      peerId: node.peer,
      addresses: () => node.options.listen.map((address) => `${address}/p2p/${node.peer}`),
      reach: () => ({ listening: [], needsRelays: false, reservations: [], checks: [], isChosen: false }),
      members: () => [...node.links.values()].map(({ member }) => member),
      async publish(topic, bytes) {
        if (bytes.length > topicBounds[topic].maxBytes) throw new MigError('too-large', topic)
        const listeners = [...node.links.values()].filter(({ other }) =>
          other.options.subscribe.includes(topic),
        )
        const message = { id: `m${messages++}`, topic, publisher: node.peer, bytes }
        node.seen.add(message.id)
        for (const { other } of listeners) pass(node, other, message)
        return listeners.length
      },
      async open(peer, stream, { signal }) {
        const link = node.links.get(peer)
        const back = link?.other.links.get(node.peer)
        if (link === undefined || back === undefined)
          throw new MigError('not-reachable', `${peer} is not linked`)
        signal.throwIfAborted()
        const label = `${node.name} <${stream}> ${link.other.name}`
        const wire = createWire({ scheduler, label, delayMs, isBroken: () => random.isHit(weather.broken) })
        link.wires.add(wire)
        back.wires.add(wire)
        const over = () => {
          link.wires.delete(wire)
          back.wires.delete(wire)
        }
        const serve = () => {
          if (!link.other.isUp || back.served >= maxServedStreamsPeer) return wire.sever('not served')
          back.served++
          link.other.handlers
            .stream(stream, node.peer, wire.ends[1])
            .then(
              () => wire.ends[1].close(),
              (error: unknown) => wire.ends[1].abort(messageOf(error)),
            )
            .finally(() => {
              back.served--
              over()
            })
        }
        wire.onFirst(serve)
        return wire.ends[0]
      },
      dial: (addresses, { signal }) =>
        Promise.race([
          dial(node, addresses),
          new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ]),
      async expel(peer, reason) {
        const link = node.links.get(peer)
        if (link !== undefined) breakLink(node, link.other, `expelled: ${reason}`)
      },
      async stop() {
        node.isUp = false
        for (const { other } of [...node.links.values()]) breakLink(node, other, 'stopped')
      },
    }
  }

  return {
    setWeather(next) {
      weather = next
    },
    setReach(next) {
      reach = next
      for (const node of byName.values())
        for (const { other } of [...node.links.values()])
          if (!reach(node.name, other.name)) breakLink(node, other, 'cut')
    },
    pairs: () =>
      [...byName.values()].flatMap((node) =>
        [...node.links.values()].flatMap(({ other }) =>
          node.name < other.name ? [[node.name, other.name] as const] : [],
        ),
      ),
    cut(a, b) {
      const [from, to] = [byName.get(a), byName.get(b)]
      if (from !== undefined && to !== undefined) breakLink(from, to, 'broken')
    },
    createMesh:
      (name, isDead) =>
      async (options, { handlers, clock }) => {
        const peer = nodeKeysOf(options.peerKeySeed).peerId
        const node: SimNode = {
          name,
          peer,
          options,
          handlers,
          clock,
          links: new Map(),
          seen: new Set(),
          dialling: new Set(),
          isUp: !isDead(),
        }
        byName.set(name, node)
        supervise(node)
        return meshOf(node)
      },
    crash(name) {
      const node = byName.get(name)
      if (node === undefined) return
      node.isUp = false
      byName.delete(name)
      for (const { other } of [...node.links.values()])
        scheduler.after(delayMs(), `${other.name} loses ${name}`, () => breakLink(node, other, 'crashed'))
    },
  }
}

interface GossipMessage {
  readonly id: string
  readonly topic: Topic
  readonly publisher: PeerId
  readonly bytes: Uint8Array
}
