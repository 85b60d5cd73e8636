import type { Clock } from '../../core/clock.ts'
import { MigError, messageOf } from '../../core/error.ts'
import { maxPunchFrameBytes, oneSidedDialMs, punchConnectMs } from '../../core/limits.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { FrameStream } from '../mesh.ts'
import { withDeadline } from './deadline.ts'
import type { Endpoint } from './endpoint.ts'
import { type DeclineReason, decodePunch, encodePunch, type PunchMessage } from './punch-message.ts'
import type { Probe, PunchSockets, Relay, Side } from './punch-ports.ts'
import { borneOut, mayPunch } from './punch-rules.ts'

/** One attempt at a direct connection between two members that have a relayed one (protocol 6.10), s = starter:
 *
 *      s → o   offer       s's port is with the relay, which has told s how it looks from there
 *      o → s   answer      the same of o, or decline; each has asked the relay, not the other, where the other is
 *              s dials where o listens, if the relay bears that out
 *      s → o   dial-me     o does the same to s
 *      o → s   dialled
 *      s → o   ping        to measure the way
 *      o → s   pong
 *      s → o   go          both connect at once, each from its port to the other's: TCP simultaneous open, RFC 9293 3.5
 *
 *  The stream ends early when a dial succeeds.
 *  @see docs/decisions/hole-punching.md */
export interface PunchContext {
  readonly peer: PeerId
  readonly relay: Relay
  /** Where this node listens. */
  readonly listen: readonly Endpoint[]
  readonly stream: FrameStream
  readonly sockets: PunchSockets
  readonly clock: Clock
}

export type PunchOutcome =
  | { readonly kind: 'direct'; readonly by: 'dial' | 'simultaneous-open' }
  /** Another attempt, with other ports, may go better. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It makes no sense between these two for now. */
  | { readonly kind: 'declined'; readonly reason: DeclineReason }

/** The starter's side. */
export async function startPunch(context: PunchContext, signal: AbortSignal): Promise<PunchOutcome> {
  const { peer, relay, sockets, clock } = context
  const probe = await sockets.probe(relay, peer, signal)
  try {
    await send(context, { v: 1, kind: 'offer', listen: ownListen(context, probe) }, signal)
    const answer = await expect(context, ['answer', 'decline'], signal)
    if (answer.kind === 'decline') return { kind: 'declined', reason: answer.reason }
    const seen = await lookUp(context, probe, signal)
    if (typeof seen === 'string') return { kind: 'declined', reason: seen }

    if (await dialFirst(context, borneOut(answer.listen, seen, probe), signal))
      return { kind: 'direct', by: 'dial' }
    if (ownListen(context, probe).length > 0) {
      await send(context, { v: 1, kind: 'dial-me' }, signal)
      if ((await expect(context, ['dialled'], signal)).ok) return { kind: 'direct', by: 'dial' }
    }

    const sentMs = clock.monotonicMs()
    await send(context, { v: 1, kind: 'ping' }, signal)
    await expect(context, ['pong'], signal)
    const roundTripMs = clock.monotonicMs() - sentMs
    await send(context, { v: 1, kind: 'go' }, signal)
    await clock.sleep(roundTripMs / 2, signal)
    return await openAtOnce(context, { at: seen, probe, side: 'initiator' }, signal)
  } finally {
    probe.close()
  }
}

/** The other side. */
export async function answerPunch(context: PunchContext, signal: AbortSignal): Promise<PunchOutcome> {
  const { peer, relay, sockets } = context
  const offer = await expect(context, ['offer'], signal)
  const probe = await sockets.probe(relay, peer, signal)
  try {
    const seen = await lookUp(context, probe, signal)
    if (typeof seen === 'string') {
      await decline(context.stream, seen, signal)
      return { kind: 'declined', reason: seen }
    }
    await send(context, { v: 1, kind: 'answer', listen: ownListen(context, probe) }, signal)
    let next = await read(context, signal)
    if (next?.kind === 'dial-me') {
      const ok = await dialFirst(context, borneOut(offer.listen, seen, probe), signal)
      await send(context, { v: 1, kind: 'dialled', ok }, signal)
      if (ok) return { kind: 'direct', by: 'dial' }
      next = await read(context, signal)
    }
    // The starter ends the stream when it has got through, or has given up; which of the two, the links tell.
    if (next === undefined) return { kind: 'failed', reason: 'the other side ended the attempt' }
    if (next.kind !== 'ping') throw unexpected(next, ['ping'])
    await send(context, { v: 1, kind: 'pong' }, signal)
    await expect(context, ['go'], signal)
    return await openAtOnce(context, { at: seen, probe, side: 'responder' }, signal)
  } finally {
    probe.close()
  }
}

export async function decline(
  stream: FrameStream,
  reason: DeclineReason,
  signal: AbortSignal,
): Promise<void> {
  await stream.write(encodePunch({ v: 1, kind: 'decline', reason }), { signal })
}

/** Where the relay sees the other side, or why it is not to be connected to. */
async function lookUp(
  { peer, relay, sockets }: PunchContext,
  probe: Probe,
  signal: AbortSignal,
): Promise<Endpoint | DeclineReason> {
  const seen = await sockets.whereIs(relay, peer, signal)
  if (seen === undefined) return 'not-observed'
  if (!mayPunch(seen, probe)) return 'address-refused'
  // Few gateways turn a packet round that comes from inside for their own outside.
  return seen.ip === probe.seen.ip ? 'same-nat' : seen
}

/** The addresses that the other side will find borne out. */
function ownListen({ listen }: PunchContext, probe: Probe): Endpoint[] {
  return [...borneOut(listen, probe.seen, probe)].slice(0, 4)
}

/** Dials one after the other. @returns whether one led to the peer */
async function dialFirst(
  { peer, sockets, clock }: PunchContext,
  targets: readonly Endpoint[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const at of targets.slice(0, 2)) {
    const failure = await tryFor(clock, oneSidedDialMs, signal, (limit) => sockets.dial({ peer, at }, limit))
    if (failure === undefined) return true
  }
  return false
}

async function openAtOnce(
  { peer, sockets, clock }: PunchContext,
  { at, probe, side }: { readonly at: Endpoint; readonly probe: Probe; readonly side: Side },
  signal: AbortSignal,
): Promise<PunchOutcome> {
  const { localPort } = probe
  const failure = await tryFor(clock, punchConnectMs, signal, (limit) =>
    sockets.punch({ peer, at, localPort, side }, limit),
  )
  return failure === undefined
    ? { kind: 'direct', by: 'simultaneous-open' }
    : { kind: 'failed', reason: failure }
}

/** Every failure takes the whole limit: how soon it came would tell the other side whether a port is open, closed or
 *  filtered there, and make a scanner of this node. @returns why it failed; undefined when it did not */
async function tryFor(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  task: (limit: AbortSignal) => Promise<void>,
): Promise<string | undefined> {
  const startedMs = clock.monotonicMs()
  try {
    await withDeadline(clock, limitMs, signal, task)
    return undefined
  } catch (error) {
    await clock.sleep(Math.max(0, startedMs + limitMs - clock.monotonicMs()), signal)
    return messageOf(error)
  }
}

async function send({ stream }: PunchContext, message: PunchMessage, signal: AbortSignal): Promise<void> {
  await stream.write(encodePunch(message), { signal })
}

/** The next message; undefined at the stream's end. */
async function read({ stream }: PunchContext, signal: AbortSignal): Promise<PunchMessage | undefined> {
  const frame = await stream.read({ signal, maxBytes: maxPunchFrameBytes })
  if (frame === undefined) return undefined
  const message = decodePunch(frame)
  if (message === undefined) throw new MigError('bad-input', 'punch: a message does not fit its schema')
  return message
}

type Kind = PunchMessage['kind']

async function expect<K extends Kind>(
  context: PunchContext,
  kinds: readonly K[],
  signal: AbortSignal,
): Promise<Extract<PunchMessage, { kind: K }>> {
  const message = await read(context, signal)
  if (message === undefined) throw new MigError('not-reachable', 'the other side ended the attempt')
  const isOne = (one: PunchMessage): one is Extract<PunchMessage, { kind: K }> =>
    kinds.some((kind) => kind === one.kind)
  if (!isOne(message)) throw unexpected(message, kinds)
  return message
}

function unexpected(message: PunchMessage, kinds: readonly Kind[]): MigError {
  return new MigError('bad-input', `punch: expected ${kinds.join(' or ')}, got ${message.kind}`)
}
