import type { AgentFacts } from '../core/agent-facts.ts'
import type { Certificate } from '../core/certificate.ts'
import type { Clock, Instant, Random } from '../core/clock.ts'
import { codeOf } from '../core/error.ts'
import type { Environment } from '../core/heartbeat.ts'
import { formatInstant } from '../core/instant.ts'
import { maxQueuedActions } from '../core/limits.ts'
import { noProbe, type Probe } from '../core/probe.ts'
import { queueLocation } from '../core/queue-location.ts'
import { resultHash } from '../core/result.ts'
import { matchesAgent } from '../core/target.ts'
import { detailPage, outbox, outboxRange } from '../store/keyspace.ts'
import type { Store } from '../store/store.ts'
import { type AuthorizedAction, authorizeAction, type RunLimits } from '../verification/authorize-action.ts'
import { decodeWithCertificate } from '../verification/node-documents.ts'
import { type VerifiedAction, verifyAction } from '../verification/verify-action.ts'
import { mayCancel, type VerifiedCancel, verifyCancel } from '../verification/verify-cancel.ts'
import { canSealTo, createAnswerWriter } from './answers.ts'
import { createCancelMemory } from './cancel-memory.ts'
import type { ActionAnswer, CancelAnswer, Gate } from './gate.ts'
import { createHeartbeatWriter } from './heartbeats.ts'
import { createOutboxWindow, type Waiting } from './outbox.ts'
import { createOutcomes } from './outcomes.ts'
import { openPolicyKeeper } from './policy-keeper.ts'
import { createQueue } from './queue.ts'
import { readReceipt } from './receipt.ts'
import { type ActionRecord, openReplayMemory } from './replay-memory.ts'
import { type Beat, type OutsideMemory, openRollbackGuard } from './rollback-guard.ts'
import { runAction } from './run-action.ts'
import type { Runner } from './runner.ts'
import { createStatusBook } from './status-book.ts'
import { createTargetCache } from './target-cache.ts'

export interface LocalGateOptions {
  readonly certificate: Certificate
  readonly certificateWire: Uint8Array
  readonly answerSeed: Uint8Array
  readonly version: string
  readonly mode: 'daemon' | 'checkin'
  readonly unborn: boolean
  readonly storeLost: boolean
}

export interface LocalGatePorts {
  readonly store: Store
  readonly outside: OutsideMemory
  readonly clock: Clock
  readonly runner: Runner
  readonly environment: () => Environment
  readonly processId: number
  /** Free space is checked before an action is taken. @throws MigError `disk-full` */
  readonly checkSpace: () => Promise<void>
  readonly log: (event: string, details?: Record<string, unknown>) => void
  /** Only simulations have one: what answers are sealed from, so that a run can be repeated byte by byte. */
  readonly random?: Random
  /** Only measurements have one. */
  readonly probe?: Probe
}

const pruneEveryMs = 60_000

/** The gate itself. In production it is the endpoint's second process; in tests and in `mig lab` it runs in-process. */
export async function createLocalGate(options: LocalGateOptions, ports: LocalGatePorts): Promise<Gate> {
  const { certificate } = options
  const { store, clock, random, runner, log, probe = noProbe } = ports
  const { fleet, peerid: peer, serial } = certificate
  const startedAt = clock.now()
  const guard = await openRollbackGuard(store, ports.outside, { ...options, peer }, startedAt)
  if (guard.rolledBack) log('rolled-back', { birth: formatInstant(guard.birth) })
  const memory = await openReplayMemory(store, guard)
  const policies = await openPolicyKeeper(fleet, new Set(runner.modules.keys()), { store, guard, clock })
  const queue = createQueue(maxQueuedActions, (error) => log('run-failed', { error: String(error) }))
  const listeners = new Set<() => void>()
  const cancels = createCancelMemory()
  const handOut = createOutboxWindow()
  const targetOf = createTargetCache()
  let lastTurn: Promise<unknown> = Promise.resolve()
  let seq = guard.boot * 1_000_000
  let lastBeat = startedAt
  let stopped = false

  const writer = createAnswerWriter({
    fleet,
    peer,
    serial,
    answerSeed: options.answerSeed,
    certificateWire: options.certificateWire,
    nextSeq: () => seq++,
    ...(random === undefined ? {} : { ephemeralSeed: () => random.bytes(32) }),
  })
  const heartbeats = createHeartbeatWriter({ fleet, peer, serial, ...options })
  const announce = () => {
    for (const listener of listeners) listener()
  }
  const statuses = createStatusBook(writer.status, announce, clock)
  const { finish, finishUnwritten } = createOutcomes({
    memory,
    write: (record, { outcome, reports, reason }) =>
      probe.measure('seal', () => writer.outcome(record, outcome, reports, reason, clock.now())),
    finished(actionId) {
      statuses.forget(actionId)
      announce()
    },
    log,
  })

  /** One after another: two deliveries at once must not both pass the replay memory, nor a cancel slip by an acceptance. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const answer = lastTurn.then(task)
    lastTurn = answer.catch(() => undefined)
    return answer
  }

  // Whatever was accepted and has no outcome stopped with the last process. It is never run again (protocol 7.2).
  for (const record of memory.all()) {
    if (record.state === 'outcome') continue
    await finish(record, {
      outcome: 'interrupted',
      reason: 'the agent stopped before it had finished',
      reports: [],
    })
  }

  function facts(): AgentFacts {
    const environment = ports.environment()
    return {
      id: peer,
      name: certificate.name,
      queueloc: queueLocation(environment.os, peer),
      mode: options.mode,
      version: options.version,
      pid: ports.processId,
      status: 'online',
      starttime: startedAt,
      heartbeattime: lastBeat,
      environment: environment as unknown as AgentFacts['environment'],
      tags: certificate.tags,
    }
  }

  async function judge(wire: Uint8Array): Promise<ActionAnswer> {
    if (stopped) return { kind: 'hold', code: 'stopping' }
    const policy = policies.current
    if (policy === undefined) return { kind: 'hold', code: 'no-policy' }
    const now = clock.now()
    const verdict = await verifyAction(wire, { fleet, policy, now, heldSigners: () => undefined })
    if (verdict.kind !== 'accept') return { kind: 'invalid', code: verdict.code, detail: verdict.detail }
    const verified = verdict.value
    if (memory.find(verified.id) !== undefined) return { kind: 'known' }
    const refuse = (code: string, reason: string): ActionAnswer => {
      statuses.set(verified, code === 'busy' ? 'busy' : 'refused', `${code}: ${reason}`, `${code} ${reason}`)
      log('refused', { action: verified.id, code, reason, signers: [...verified.signers] })
      return { kind: 'refused', code, reason }
    }
    const target = await targetOf(verified.action.target)
    if (typeof target === 'string') return refuse('bad-target', target)
    const authorization = authorizeAction(verified, {
      policy,
      now,
      peer,
      isTargeted: () => matchesAgent(target, facts(), now),
      modules: runner.modules,
    })
    switch (authorization.kind) {
      case 'refused':
        return refuse(authorization.code, authorization.reason)
      case 'not-targeted':
        return { kind: 'not-targeted' }
      case 'hold':
        return authorization.until === undefined
          ? { kind: 'hold', code: authorization.code }
          : { kind: 'hold', code: authorization.code, untilMs: authorization.until }
      case 'authorized': {
        // Last: whoever is not asked does not say what they have forgotten.
        const fence = memory.fenced(verified.action)
        if (fence !== undefined) return refuse('replay-fence', fence)
        if (!canSealTo(verified.action.replyto.x25519))
          return refuse('bad-action', 'no answer can be sealed to its reply key')
        return start(verified, authorization.action, authorization.limits, refuse)
      }
    }
  }

  async function start(
    verified: VerifiedAction,
    authorized: AuthorizedAction,
    limits: RunLimits,
    refuse: (code: string, reason: string) => ActionAnswer,
  ): Promise<ActionAnswer> {
    if (queue.length > maxQueuedActions) return refuse('busy', `${queue.length} actions are waiting`)
    let record: ActionRecord
    try {
      await ports.checkSpace()
      record = await memory.accept(verified.id, verified.action, clock.now())
    } catch (error) {
      if (codeOf(error) === 'disk-full')
        return refuse('disk-full', 'there is no room to remember that it ran')
      throw error
    }
    log('accepted', { action: record.id, name: record.name, signers: [...verified.signers] })
    const policy = policies.current
    const stopper = cancels
      .of(record.id)
      .find((cancel) => policy !== undefined && mayCancel(cancel, verified.action, policy))
    cancels.forget(record.id)
    if (stopper !== undefined) {
      await finish(record, { outcome: 'cancelled', reason: `cancelled by ${stopper.person}`, reports: [] })
      return { kind: 'accepted' }
    }
    statuses.set(verified, 'accepted', '', 'accepted')
    const taken = queue.push(record.id, (signal) => probe.measure('other', () => run(signal)))
    async function run(signal: AbortSignal): Promise<void> {
      if (record.issuedAt <= guard.birth)
        return finish(record, {
          outcome: 'interrupted',
          reason: 'this machine was restored from a copy',
          reports: [],
        })
      const start = startUnderNewest(verified, { action: authorized, limits })
      if ('refusal' in start) {
        log('not-started', { action: record.id, reason: start.refusal })
        return finish(record, { outcome: 'cancelled', reason: start.refusal, reports: [] })
      }
      await memory.running(record.id)
      const run = await runAction(start.action.action, start.limits, { runner, clock }, signal)
      // Stopping is not an outcome: the next start reports the action as interrupted.
      if (!stopped) await finish(record, run)
    }
    if (!taken) await finish(record, { outcome: 'failed', reason: 'busy', reports: [] })
    return { kind: 'accepted' }
  }

  /** P7.1: what was accepted here since the copy was made is not remembered. It may have run; so may what waits. */
  async function noticeCopy(beat: Beat): Promise<boolean> {
    const ids = memory.all().map((record) => record.id)
    if (!(await guard.heardOf(beat, ids, clock.now()))) return false
    seq = Math.max(seq, guard.boot * 1_000_000)
    log('rolled-back', { birth: formatInstant(guard.birth), heard: beat })
    return true
  }

  /** P4.3: what waited its turn is weighed again when the policy has changed meanwhile; whoever was revoked starts nothing. */
  function startUnderNewest(
    verified: VerifiedAction,
    before: { readonly action: AuthorizedAction; readonly limits: RunLimits },
  ): typeof before | { readonly refusal: string } {
    const policy = policies.current
    if (policy === undefined || policy.version === before.action.policyVersion) return before
    const again = authorizeAction(verified, {
      policy,
      now: clock.now(),
      peer,
      // It was, when it was accepted, and the set of those who were asked is frozen.
      isTargeted: () => true,
      modules: runner.modules,
    })
    if (again.kind === 'authorized') return again
    // Of what comes too late `runAction` says that it timed out.
    if (again.kind !== 'refused' || again.code === 'expired') return before
    return { refusal: `under policy ${policy.version}: ${again.code}: ${again.reason}` }
  }

  async function applyCancel(cancel: VerifiedCancel): Promise<CancelAnswer> {
    const policy = policies.current
    const record = memory.find(cancel.cancel.actionid)
    if (record === undefined) {
      if (cancels.keep(cancel, clock.now())) return { kind: 'kept' }
      return { kind: 'invalid', code: 'no-room', detail: `too many cancels of ${cancel.person} are kept` }
    }
    if (policy === undefined || !mayCancel(cancel, record, policy))
      return { kind: 'invalid', code: 'not-permitted', detail: `${cancel.person} may not stop it` }
    if (record.state === 'outcome') return { kind: 'too-late' }
    if (queue.cancel(record.id) === 'removed')
      await finish(record, { outcome: 'cancelled', reason: `cancelled by ${cancel.person}`, reports: [] })
    return { kind: 'stopped' }
  }

  /** One answer that cannot be read does not hold up the others. The store repairs itself at the next start. */
  async function readAnswer(id: string): Promise<Uint8Array | undefined> {
    try {
      return await store.get(outbox(id))
    } catch (error) {
      if (codeOf(error) !== 'store-damaged') throw error
      log('answer-damaged', { action: id })
      return undefined
    }
  }

  async function countWaiting(): Promise<number> {
    let count = 0
    for await (const _ of store.keys(outboxRange())) count++
    return count
  }

  async function tidy(): Promise<void> {
    const now = clock.now()
    await finishUnwritten()
    // Before the outbox is read: what ends meanwhile is not in it yet, but has not been delivered either.
    const ended = new Set(memory.all().flatMap((record) => (record.state === 'outcome' ? [record.id] : [])))
    const waiting = new Set<string>()
    for await (const key of store.keys(outboxRange())) waiting.add(key)
    const isDelivered = (id: string) => ended.has(id) && !waiting.has(outbox(id))
    const pruned = await inTurn(() => memory.prune(now, isDelivered))
    if (pruned > 0) log('pruned', { actions: pruned })
    statuses.tidy(now)
  }
  let callOff = clock.after(pruneEveryMs, tick)
  function tick(): void {
    tidy()
      .catch((error: unknown) => log('tidy-failed', { error: String(error) }))
      .finally(() => {
        if (!stopped) callOff = clock.after(pruneEveryMs, tick)
      })
  }

  return {
    async identity() {
      return {
        peer,
        boot: guard.boot,
        rolledBack: guard.rolledBack,
        policyVersion: policies.current?.version ?? 0,
      }
    },
    offerPolicy: (rootWire, policyWire) => policies.offer(rootWire, policyWire),
    offerAction: (wire) => inTurn(() => probe.measure('verify', () => judge(wire))),
    async offerCancel(wire) {
      const policy = policies.current
      if (policy === undefined) return { kind: 'invalid', code: 'no-policy', detail: 'no policy yet' }
      const verdict = await verifyCancel(wire, { fleet, policy, now: clock.now() })
      if (verdict.kind !== 'accept') return { kind: 'invalid', code: verdict.code, detail: verdict.detail }
      return inTurn(() => applyCancel(verdict.value))
    },
    outbox() {
      const waiting: Waiting[] = [...statuses.waiting()]
      for (const { id, origin, startedAt, state } of memory.all()) {
        if (state !== 'outcome') continue
        waiting.push({
          kind: 'result',
          actionId: id,
          origin,
          since: startedAt as Instant,
          read: () => readAnswer(id),
        })
      }
      return handOut(waiting)
    },
    async offerReceipt(receiptWire) {
      const receipt = readReceipt(receiptWire, { fleet, peer })
      if (receipt === undefined) return false
      const record = memory.find(receipt.actionid)
      if (record?.origin !== receipt.collector) return false
      const held = await store.get(outbox(record.id))
      const envelope = held === undefined ? undefined : decodeWithCertificate(held)?.envelopeWire
      if (envelope === undefined || resultHash(envelope) !== receipt.result) return false
      // Losing this write costs one more send.
      await store.write([{ delete: outbox(record.id) }], { sync: false })
      return true
    },
    detailPage: (actionId, page) => store.get(detailPage(actionId, page)),
    async progress() {
      // In this order: what ends meanwhile is counted twice rather than not at all.
      const unfinished = memory.all().filter(({ state }) => state !== 'outcome').length
      return { unfinished, waiting: await countWaiting() }
    },
    async heartbeat(addresses) {
      lastBeat = clock.now()
      const beat = await guard.nextBeat()
      return heartbeats.write(beat, {
        at: formatInstant(lastBeat),
        mode: options.mode,
        version: options.version,
        pid: ports.processId,
        starttime: formatInstant(startedAt),
        environment: ports.environment(),
        policyversion: policies.current?.version ?? 0,
        addresses: addresses.slice(0, 16),
        outbox: await countWaiting(),
      })
    },
    async offerHeartbeat(wire) {
      const beat = heartbeats.numberOf(wire)
      return beat === undefined ? false : inTurn(() => noticeCopy(beat))
    },
    onOutbox(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      if (stopped) return
      stopped = true
      callOff()
      await queue.stop()
      await lastTurn
    },
  }
}
