import type { Role } from '../core/certificate.ts'
import { MigError } from '../core/error.ts'
import { maxDigestMarks, maxSyncBytes, maxSyncFrameBytes, syncBatchBytes } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { FrameStream } from '../mesh/mesh.ts'
import { decodeItems, encodeItems, type Item, type ItemKind, itemKinds, kindsFor, kindsFrom } from './item.ts'
import {
  type Acquaintance,
  decodeMessage,
  encodeMessage,
  type Hello,
  helloSchema,
  wantSchema,
} from './message.ts'

export interface SyncPeer {
  readonly peer: PeerId
  readonly role: Role
}

/** What a session needs of the node: its shelf of items and its door. */
export interface SyncNode {
  readonly role: Role
  /** Marks of everything held of a kind, newest first. */
  marks(kind: ItemKind): Promise<readonly string[]>
  /** The item behind a mark; undefined when it has gone since. */
  read(mark: string): Promise<Item | undefined>
  /** The one door. Returns whether the item was new and good. */
  enter(item: Item, from: PeerId): Promise<boolean>
  /** Results whose receipts are awaited here. */
  awaits(): Promise<Hello['awaits']>
  /** Receipts for results that another awaits, where this node holds them or can give its own. */
  receiptsFor(awaited: Hello['awaits']): Promise<readonly Item[]>
  /** Links to the nearest collector that do not lead through this neighbour (protocol 6.1). */
  hopsFor(peer: PeerId): number
  /** What the other has to know before anything else of this session. */
  greet(other: SyncPeer): Promise<readonly Item[]>
  /** Answers that the other is asked to carry to a collector, with what they are judged by. */
  handOver(other: SyncPeer, theirs: Pick<Hello, 'hops' | 'awaits'>): Promise<readonly Item[]>
  acquaintances(): readonly Acquaintance[]
  meet(acquaintances: readonly Acquaintance[], from: PeerId): void
}

export interface SyncReport {
  readonly received: number
  readonly sent: number
}

/** One exchange of differences over one stream. Both sides say what they hold, then what they want, then send it; so each difference
 *  crosses once, and any number of repeats changes nothing.
 *  @param first whether this side speaks first (the one that opened the stream)
 *  @throws MigError `bad-input` when the other side breaks the exchange, `timeout` when it stalls */
export async function runSession(
  node: SyncNode,
  other: SyncPeer,
  stream: FrameStream,
  options: { readonly first: boolean; readonly signal: AbortSignal },
): Promise<SyncReport> {
  const { signal } = options
  const read = async (): Promise<Uint8Array> => {
    const frame = await stream.read({ signal, maxBytes: maxSyncFrameBytes })
    if (frame === undefined) throw new MigError('bad-input', 'sync: the other side ended early')
    return frame
  }
  /** Each message is exchanged in full before the next, the opener first. */
  async function exchange<T>(mine: Uint8Array, schema: Parameters<typeof decodeMessage<T>>[0]): Promise<T> {
    if (options.first) await stream.write(mine, { signal })
    const message = decodeMessage(schema, await read())
    if (message === undefined) throw new MigError('bad-input', 'sync: a message does not fit its schema')
    if (!options.first) await stream.write(mine, { signal })
    return message
  }

  const mine = await describe(node, other.peer)
  const theirs = await exchange(encodeMessage(wireForm(mine, other.role)), helloSchema)
  node.meet(theirs.acquaintances, other.peer)
  const held = new Set(Object.values(mine.have).flat())
  const want = kindsFor(node.role)
    .filter((kind) => kindsFrom(other.role).includes(kind))
    .flatMap((kind) => theirs.have[kind] ?? [])
    .filter((mark) => !held.has(mark))
    .slice(0, maxDigestMarks)
  const { want: wanted } = await exchange(encodeMessage({ want: want.join('') }), wantSchema)
  const offered = new Set(wanted.filter((mark) => held.has(mark)))
  const first = await node.greet(other)
  const last = [...(await node.handOver(other, theirs)), ...(await node.receiptsFor(theirs.awaits))]
  const send = () => sendItems(node, mine, offered, { first, last }, stream, signal)

  // The opener sends first: two sides that both only write could wait for each other's buffers.
  let sent = 0
  let received = 0
  if (options.first) sent = await send()
  received = await takeItems(node, other, stream, signal)
  if (!options.first) sent = await send()
  return { received, sent }
}

async function describe(node: SyncNode, peer: PeerId): Promise<Hello> {
  const have: Partial<Record<ItemKind, readonly string[]>> = {}
  // An agent also offers its own answers, which it does not keep for others.
  for (const kind of itemKinds) {
    const marks = await node.marks(kind)
    if (marks.length > 0 || kindsFor(node.role).includes(kind)) have[kind] = marks.slice(0, maxDigestMarks)
  }
  return {
    v: 1,
    have,
    awaits: await node.awaits(),
    hops: node.hopsFor(peer),
    acquaintances: [...node.acquaintances()],
  }
}

/** Only of kinds that the other keeps: answers would be many, and an agent wants none. */
function wireForm(hello: Hello, theirs: Role): Parameters<typeof encodeMessage>[0] {
  const wanted = kindsFor(theirs).filter((kind) => hello.have[kind] !== undefined)
  const have = Object.fromEntries(wanted.map((kind) => [kind, (hello.have[kind] ?? []).join('')]))
  return { ...hello, have, awaits: [...hello.awaits], acquaintances: [...hello.acquaintances] }
}

async function sendItems(
  node: SyncNode,
  mine: Hello,
  wanted: ReadonlySet<string>,
  extra: { readonly first: readonly Item[]; readonly last: readonly Item[] },
  stream: FrameStream,
  signal: AbortSignal,
): Promise<number> {
  let batch: Item[] = []
  let batchBytes = 0
  let total = 0
  let count = 0
  const flush = async () => {
    if (batch.length === 0) return
    await stream.write(encodeItems(batch), { signal })
    count += batch.length
    batch = []
    batchBytes = 0
  }
  const add = async (item: Item) => {
    batch.push(item)
    batchBytes += item.bytes.length
    total += item.bytes.length
    if (batchBytes >= syncBatchBytes) await flush()
  }
  for (const item of extra.first) await add(item)
  // In the order of kinds, so that nothing arrives before what it is judged by.
  for (const kind of itemKinds) {
    for (const mark of mine.have[kind] ?? []) {
      if (!wanted.has(mark) || total >= maxSyncBytes) continue
      const item = await node.read(mark)
      if (item !== undefined) await add(item)
    }
  }
  for (const item of extra.last) await add(item)
  await flush()
  // An empty frame says that this was all; the stream itself stays open for the other direction.
  await stream.write(new Uint8Array(0), { signal })
  return count
}

async function takeItems(
  node: SyncNode,
  other: SyncPeer,
  stream: FrameStream,
  signal: AbortSignal,
): Promise<number> {
  let total = 0
  let fresh = 0
  for (;;) {
    const frame = await stream.read({ signal, maxBytes: maxSyncFrameBytes })
    if (frame === undefined || frame.length === 0) return fresh
    total += frame.length
    if (total > maxSyncBytes + maxSyncFrameBytes)
      throw new MigError('too-large', 'sync: the other side sends more than one session may hold')
    const items = decodeItems(frame)
    if (items === undefined) throw new MigError('bad-input', 'sync: a frame of items cannot be read')
    for (const item of items) if (await node.enter(item, other.peer)) fresh++
  }
}
