import type { Role } from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { maxSendMs, maxSyncBytes, maxSyncFrameBytes, maxTurns, readBatchMarks } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { FrameStream } from '../mesh/mesh.ts'
import type { Claim } from './claims.ts'
import { createIntake } from './intake.ts'
import { type Item, type ItemKind, itemKinds, kindsFor, kindsFrom } from './item.ts'
import type { Mark } from './mark.ts'
import type { MarkSet } from './mark-tree.ts'
import {
  type Acquaintance,
  decodeHello,
  decodeWant,
  encodeHello,
  encodeWant,
  type Hello,
  type Want,
} from './message.ts'
import { asks, createReconciler, type Reconciler, type Summary, summarize } from './reconciler.ts'
import { sendItems, takeItems } from './transfer.ts'
import { decodeTurn, encodeTurn } from './turn.ts'

export interface SyncPeer {
  readonly peer: PeerId
  readonly role: Role
}

/** What a session needs of the node: its shelf of items and its door. */
export interface SyncNode {
  readonly role: Role
  /** What is compared with this member: sets of kinds that both keep. */
  shared(other: SyncPeer): ReadonlyMap<ItemKind, MarkSet>
  /** Everything that is held of a kind. */
  held(kind: ItemKind): MarkSet
  /** Items to be given away, of kinds that only the other keeps. */
  offers(other: SyncPeer): Promise<ReadonlyMap<ItemKind, readonly Mark[]>>
  /** The items behind marks; those that have gone since are left out. */
  read(kind: ItemKind, marks: readonly Mark[]): Promise<readonly Item[]>
  /** The one door. Returns whether the item was new and good. */
  enter(item: Item, from: PeerId): Promise<boolean>
  now(): Instant
  monotonicMs(): number
  /** What the other's clock said just now: a hint. */
  heardTime(theirs: Instant, from: SyncPeer): void
  /** Of what the other has, what nobody else is being asked for. */
  claim(marks: Iterable<Mark>, from: PeerId): Claim
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
  /** Whom the other may not know of. */
  acquaintances(other: SyncPeer): readonly Acquaintance[]
  meet(acquaintances: readonly Acquaintance[], from: PeerId): void
}

export interface SyncReport {
  readonly received: number
  readonly sent: number
  /** The other has more for this node, or may have: another session would bring it. */
  readonly more: boolean
  /** Some of it is being asked of others. */
  readonly elsewhere: boolean
  /** All that this side had for the other in this session has gone, what it hands over included. */
  readonly isWhole: boolean
}

/** One exchange of differences over one stream: hellos, turns of reconciliation, what each side wants, the items (protocol 6.7).
 *  Where the hellos show that nothing differs and nobody brings anything, they are all. Any number of repeats changes nothing.
 *  @param first whether this side speaks first (the one that opened the stream)
 *  @throws MigError `bad-input` when the other side breaks the exchange, `timeout` when it stalls */
export async function runSession(
  node: SyncNode,
  other: SyncPeer,
  stream: FrameStream,
  options: { readonly first: boolean; readonly signal: AbortSignal },
): Promise<SyncReport> {
  const { first, signal } = options
  const line = lineOf(stream, options)
  const sets = node.shared(other)
  const offers = await node.offers(other)
  const mine = new Map<ItemKind, Summary>([
    ...[...offers].map(([kind, marks]) => [kind, { marks }] as const),
    ...[...sets].map(([kind, set]) => [kind, summarize(set)] as const),
  ])
  const hello = async (goeson: boolean): Promise<Uint8Array> =>
    encodeHello({
      v: 2,
      at: node.now(),
      have: Object.fromEntries(mine),
      goeson,
      awaits: await node.awaits(),
      hops: node.hopsFor(other.peer),
      acquaintances: [...node.acquaintances(other)],
    })

  if (first) await line.write(await hello(true))
  const theirs = decodeHello(await line.read())
  if (theirs === undefined) throw new MigError('bad-input', 'sync: a hello does not fit its schema')
  node.heardTime(theirs.at, other)
  node.meet(theirs.acquaintances, other.peer)
  const have = new Map(Object.entries(theirs.have)) as ReadonlyMap<ItemKind, Summary> // keys as the schema has them
  const reconciler = createReconciler(sets, mine, have, first)
  const offered = newOffers(node, other, sets, have)
  const brought = {
    first: await node.greet(other),
    last: [...(await node.handOver(other, theirs)), ...(await node.receiptsFor(theirs.awaits))],
  }
  const needs = reconciler.needed().size + offered.length
  const goesOn = reconciler.isNeeded || needs + brought.first.length + brought.last.length > 0
  if (!first) await line.write(await hello(goesOn))
  // The opener has the last word on that: it knows both hellos.
  const isOver = !goesOn && (first ? !theirs.goeson : await line.hasEnded())
  if (isOver) return { received: 0, sent: 0, more: false, elsewhere: false, isWhole: true }

  if (reconciler.isNeeded) await takeTurns(reconciler, line)
  const claim = node.claim([...reconciler.needed(), ...offered], other.peer)
  let kept = false
  try {
    const wanted = await exchangeWants({ more: reconciler.more, marks: claim.marks }, line)
    const shown = (kind: ItemKind, mark: Mark) =>
      sets.get(kind)?.has(mark) ?? offers.get(kind)?.includes(mark) ?? false
    const brings = itemsFor(node, shown, wanted.marks, brought)
    const send = () => {
      const untilMs = node.monotonicMs() + maxSendMs
      return sendItems(brings, stream, { signal, isLate: () => node.monotonicMs() > untilMs })
    }
    const intake = createIntake((item) => node.enter(item, other.peer))
    // The opener sends first: two sides that both only write could wait for each other's buffers.
    const before = first ? await send() : undefined
    const taken = await takeItems(intake, stream, signal)
    const sent = before ?? (await send())
    const isShort = taken.count < claim.marks.length
    // A full session need not have brought all.
    const due = taken.bytes >= maxSyncBytes / 2 ? taken.count : claim.marks.length
    kept = 2 * taken.fresh >= due
    const more = reconciler.more || wanted.more || isShort
    return {
      received: taken.fresh,
      sent: sent.count,
      more,
      elsewhere: claim.isPart,
      isWhole: sent.isWhole,
    }
  } finally {
    claim.release(kept)
  }
}

interface Line {
  readonly first: boolean
  readonly write: (frame: Uint8Array) => Promise<void>
  readonly read: () => Promise<Uint8Array>
  /** Whether the other side has closed; what it has sent instead is read next. */
  readonly hasEnded: () => Promise<boolean>
}

function lineOf(
  stream: FrameStream,
  { first, signal }: { readonly first: boolean; readonly signal: AbortSignal },
): Line {
  let ahead: Uint8Array | undefined
  const next = () => stream.read({ signal, maxBytes: maxSyncFrameBytes })
  return {
    first,
    write: (frame) => stream.write(frame, { signal }),
    async read() {
      const frame = ahead ?? (await next())
      ahead = undefined
      if (frame === undefined) throw new MigError('bad-input', 'sync: the other side ended early')
      return frame
    },
    async hasEnded() {
      ahead ??= await next()
      return ahead === undefined
    },
  }
}

/** What the other offers of kinds that it does not keep itself. */
function newOffers(
  node: SyncNode,
  other: SyncPeer,
  sets: ReadonlyMap<ItemKind, MarkSet>,
  have: ReadonlyMap<ItemKind, Summary>,
): readonly Mark[] {
  const kinds = kindsFor(node.role).filter((kind) => !sets.has(kind) && kindsFrom(other.role).includes(kind))
  return kinds.flatMap((kind) => {
    const summary = have.get(kind)
    const held = node.held(kind)
    return summary !== undefined && 'marks' in summary ? summary.marks.filter((mark) => !held.has(mark)) : []
  })
}

/** The opener speaks first; from the second turn on, the first that asks nothing is the last. */
async function takeTurns(reconciler: Reconciler, line: Line): Promise<void> {
  for (let turn = 1; turn <= maxTurns; turn++) {
    const isOurs = (turn % 2 === 1) === line.first
    const ranges = isOurs ? reconciler.speak() : decodeTurn(await line.read())
    if (ranges === undefined) throw new MigError('bad-input', 'sync: a turn cannot be read')
    if (isOurs) await line.write(encodeTurn(ranges))
    else reconciler.hear(ranges)
    if (turn >= 2 && !asks(ranges)) return
  }
  throw new MigError('bad-input', `sync: no end after ${maxTurns} turns`)
}

async function exchangeWants(mine: Want, line: Line): Promise<Want> {
  if (line.first) await line.write(encodeWant(mine))
  const theirs = decodeWant(await line.read())
  if (theirs === undefined) throw new MigError('bad-input', 'sync: what is wanted cannot be read')
  if (!line.first) await line.write(encodeWant(mine))
  return theirs
}

/** What the other wants of what it was shown, in the order of kinds, so that nothing arrives before what it is judged by. */
async function* itemsFor(
  node: SyncNode,
  shown: (kind: ItemKind, mark: Mark) => boolean,
  wanted: readonly Mark[],
  brought: { readonly first: readonly Item[]; readonly last: readonly Item[] },
): AsyncGenerator<readonly Item[]> {
  yield brought.first
  for (const kind of itemKinds) {
    const marks = wanted.filter((mark) => shown(kind, mark))
    for (let at = 0; at < marks.length; at += readBatchMarks)
      yield await node.read(kind, marks.slice(at, at + readBatchMarks))
  }
  yield brought.last
}
