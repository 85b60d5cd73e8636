import type { Role } from '../../node/core/certificate.ts'
import type { Instant } from '../../node/core/clock.ts'
import { MigError } from '../../node/core/error.ts'
import type { PeerId } from '../../node/core/peer-id.ts'
import type { FrameStream } from '../../node/mesh/mesh.ts'
import { createClaims } from '../../node/sync/claims.ts'
import { type Item, type ItemKind, itemMark, kindsFor } from '../../node/sync/item.ts'
import type { Mark } from '../../node/sync/mark.ts'
import { MarkTree } from '../../node/sync/mark-tree.ts'
import { runSession, type SyncNode, type SyncReport } from '../../node/sync/session.ts'

export const peers = ['A', 'B', 'C'].map((name) => `peer ${name}` as PeerId)

/** A node without a mesh and without a door: it keeps what it is given. */
export interface PlainNode {
  readonly sync: SyncNode
  readonly entered: Item[]
  put(kind: ItemKind, text: string): Mark
  texts(kind: ItemKind): readonly string[]
}

export function aNode(role: Role, change: Partial<SyncNode> = {}): PlainNode {
  const sets = new Map<ItemKind, MarkTree>()
  const items = new Map<Mark, Item>()
  const entered: Item[] = []
  const claims = createClaims()
  const setOf = (kind: ItemKind) => {
    const set = sets.get(kind) ?? new MarkTree()
    sets.set(kind, set)
    return set
  }
  const put = (kind: ItemKind, text: string) => {
    const mark = itemMark(kind, text, '')
    setOf(kind).add(mark)
    items.set(mark, { kind, bytes: new TextEncoder().encode(text) })
    return mark
  }
  const sync: SyncNode = {
    role,
    shared: (other) =>
      new Map(
        kindsFor(role)
          .filter((kind) => kindsFor(other.role).includes(kind))
          .map((kind) => [kind, setOf(kind)]),
      ),
    held: setOf,
    offers: async () => new Map(),
    read: async (_kind, marks) => marks.flatMap((mark) => items.get(mark) ?? []),
    async enter(item) {
      entered.push(item)
      const before = items.size
      put(item.kind, new TextDecoder().decode(item.bytes))
      return items.size > before
    },
    now: () => 0 as Instant,
    monotonicMs: () => 0,
    heardTime: () => undefined,
    claim: (marks, from) => claims.claim(marks, from, 0),
    awaits: async () => [],
    receiptsFor: async () => [],
    hopsFor: () => 0,
    greet: async () => [],
    handOver: async () => [],
    acquaintances: () => [],
    meet: () => undefined,
    ...change,
  }
  const texts = (kind: ItemKind) =>
    [...setOf(kind).under('')].map((mark) => new TextDecoder().decode(items.get(mark)?.bytes)).sort()
  return { sync, entered, put, texts }
}

export interface Wire {
  readonly ends: readonly [FrameStream, FrameStream]
  /** Sizes of all frames, of the first end and of the second. */
  readonly sizes: readonly [number[], number[]]
}

/** Two ends of a stream in memory. */
export function aWire(): Wire {
  const queues: [Uint8Array[], Uint8Array[]] = [[], []]
  const closed = [false, false]
  const wakers: (() => void)[] = []
  const wake = () => {
    for (const waker of wakers.splice(0)) waker()
  }
  const sizes: [number[], number[]] = [[], []]
  const end = (own: 0 | 1): FrameStream => {
    const other = own === 0 ? 1 : 0
    return {
      async read({ signal, maxBytes }) {
        for (;;) {
          const frame = queues[own].shift()
          if (frame !== undefined) {
            if (frame.length > maxBytes) throw new MigError('too-large', 'a frame over the bound')
            return frame
          }
          if (closed[other]) return undefined
          signal.throwIfAborted()
          await new Promise<void>((resolve) => {
            wakers.push(resolve)
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        }
      },
      async write(frame) {
        sizes[own].push(frame.length)
        queues[other].push(frame)
        wake()
      },
      async close() {
        closed[own] = true
        wake()
      },
      abort() {
        closed[own] = true
        wake()
      },
    }
  }
  return { ends: [end(0), end(1)], sizes }
}

export interface Met {
  readonly reports: readonly [SyncReport, SyncReport]
  readonly sizes: Wire['sizes']
}

/** One session, opened by the first. */
export async function meet(opener: PlainNode, other: PlainNode): Promise<Met> {
  const wire = aWire()
  const signal = AbortSignal.timeout(20_000)
  const [a, b] = [peers[0] as PeerId, peers[1] as PeerId]
  const closing = async (session: Promise<SyncReport>, stream: FrameStream) => {
    try {
      return await session
    } finally {
      await stream.close()
    }
  }
  const reports = await Promise.all([
    closing(
      runSession(opener.sync, { peer: b, role: other.sync.role }, wire.ends[0], { first: true, signal }),
      wire.ends[0],
    ),
    closing(
      runSession(other.sync, { peer: a, role: opener.sync.role }, wire.ends[1], { first: false, signal }),
      wire.ends[1],
    ),
  ])
  return { reports, sizes: wire.sizes }
}
