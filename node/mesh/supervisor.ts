import type { Clock, Random } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  gossipRepairAfterMs,
  maxBackOffMs,
  maxDialsAtOnce,
  maxDialsAtOnceAlone,
  maxLanDialsAtOnce,
  maxRefusedBackOffMs,
  maxRememberedAttempts,
  refusedBackOffMs,
  relaysAgainMs,
  slowDialMs,
  stableLinkMs,
  supervisorTickMs,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { DialTarget } from './addresses.ts'
import type { DialOutcome } from './dialler.ts'
import type { Log } from './mesh.ts'

/** What is remembered of a peer that we dial. */
interface Attempt {
  failures: number
  refusals: number
  nextMs: number
  /** When it was last seen linked, while it is not yet known how long that lasted. */
  linkedMs: number | undefined
}

/** Keeps links for ever: nothing in js-libp2p does. At least `minLinks` members, one bootstrap peer among them, and
 *  gossip on each link. */
export class Supervisor {
  readonly #options: { readonly minLinks: number }
  readonly #ports: SupervisorPorts
  readonly #attempts = new Map<PeerId, Attempt>()
  /** Since when, on the monotonic clock. */
  readonly #dialling = new Map<PeerId, number>()
  readonly #controller = new AbortController()
  readonly #deadSinceMs = new Map<PeerId, number>()
  #endWait: () => void = () => {}
  #woken = false
  #relaysAgainMs = 0

  constructor(options: { minLinks: number }, ports: SupervisorPorts) {
    this.#options = options
    this.#ports = ports
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { clock } = this.#ports
    while (!this.#controller.signal.aborted) {
      const nextMs = this.#lookAfter()
      const untilMs = this.#woken ? 0 : nextMs - clock.monotonicMs()
      this.#woken = false
      const waitMs = Math.max(50, Math.min(supervisorTickMs, untilMs))
      await new Promise<void>((resolve) => {
        const callOff = clock.after(waitMs, resolve)
        this.#endWait = () => {
          callOff()
          resolve()
        }
      })
    }
  }

  /** Something changed: look again now. */
  wake(): void {
    this.#woken = true
    this.#endWait()
  }

  /** A peer is not to be dialled for a while. */
  avoid(peer: PeerId): void {
    this.#refused(this.#attemptOf(peer))
  }

  stop(): void {
    this.#controller.abort(new Error('stopped'))
    this.wake()
  }

  /** @returns when there is something to do again */
  #lookAfter(): number {
    try {
      this.#repair()
      this.#ports.links.look()
      return this.#dialMissing()
    } catch (error) {
      // Whatever it is, a node that gives up its links is worse.
      this.#ports.log('supervisor-failed', { error: messageOf(error) })
      return this.#ports.clock.monotonicMs() + supervisorTickMs
    }
  }

  /** When two connections to one peer exist and the one that carries gossip closes, gossip is silently dead. */
  #repair(): void {
    const { clock, links, log } = this.#ports
    const nowMs = clock.monotonicMs()
    for (const peer of this.#deadSinceMs.keys()) if (!links.isMember(peer)) this.#deadSinceMs.delete(peer)
    for (const { peer } of links.members()) {
      if (links.isGraylisted(peer)) {
        links.expel(peer, 'sent too many bad messages')
        this.avoid(peer)
      } else if (links.canGossip(peer)) {
        this.#deadSinceMs.delete(peer)
      } else {
        const sinceMs = this.#deadSinceMs.get(peer) ?? nowMs
        this.#deadSinceMs.set(peer, sinceMs)
        if (nowMs - sinceMs >= gossipRepairAfterMs) {
          log('gossip-repaired', { peer })
          links.repairGossip(peer)
          this.#deadSinceMs.delete(peer)
        }
      }
    }
  }

  /** Starts the dials that are due and returns when the next one is. */
  #dialMissing(): number {
    const { clock, links, random } = this.#ports
    const { minLinks } = this.#options
    const bootstrap = links.bootstrap()
    const nowMs = clock.monotonicMs()
    this.#noteLinks(nowMs)
    const isAlone = links.memberCount() === 0
    const missing = minLinks - links.memberCount() - this.#promising(isAlone, nowMs)
    const lacksBootstrap =
      bootstrap.length > 0 && !bootstrap.some(({ peer }) => links.isMember(peer) || this.#dialling.has(peer))
    const relays = this.#relaysToDial(nowMs)
    let wanted = Math.max(missing, lacksBootstrap || relays.length > 0 ? 1 : 0)
    if (wanted <= 0) return nowMs + supervisorTickMs
    const first = shuffled(bootstrap, random)
    // Of thousands one may be left that lives: everybody is tried once before anybody is tried again.
    const rest = missing > 0 ? this.#fewestFailuresFirst(shuffled(links.acquaintances(), random)) : []
    const near = missing > 0 ? this.#neighboursToDial() : []
    const atOnce = isAlone ? maxDialsAtOnceAlone : maxDialsAtOnce
    let nextMs = nowMs + supervisorTickMs
    for (const target of [...first, ...relays, ...near, ...rest]) {
      if (wanted <= 0 || this.#dialling.size >= atOnce) break
      const { peer } = target
      if (this.#dialling.has(peer) || (links.isMember(peer) && !relays.includes(target))) continue
      const attempt = this.#attemptOf(peer)
      if (attempt.nextMs > nowMs) {
        nextMs = Math.min(nextMs, attempt.nextMs)
        continue
      }
      wanted--
      void this.#dial(target, attempt)
    }
    return nextMs
  }

  /** Known relays that are not linked directly, where reservations are missing: over a circuit none is granted, and one that has
   *  come first would keep the relay out for as long as it lasts. The whole address book is looked through for them: not every second. */
  #relaysToDial(nowMs: number): readonly DialTarget[] {
    const { links, random } = this.#ports
    if (!links.lacksRelays() || nowMs < this.#relaysAgainMs) return []
    const isFree = ({ peer }: DialTarget) => !links.isDirect(peer) && !this.#dialling.has(peer)
    const isDue = ({ peer }: DialTarget) => (this.#attempts.get(peer)?.nextMs ?? 0) <= nowMs
    const found = links.knownRelays().filter((target) => isFree(target) && isDue(target))
    if (found.length === 0) this.#relaysAgainMs = nowMs + relaysAgainMs
    return shuffled(found, random)
  }

  /** Dials that may yet bring a link. To a node that has none, one that has not come to anything soon is not worth waiting for:
   *  of an old address book most may lead into nowhere. */
  #promising(isAlone: boolean, nowMs: number): number {
    if (!isAlone) return this.#dialling.size
    let count = 0
    for (const sinceMs of this.#dialling.values()) if (nowMs - sinceMs < slowDialMs) count++
    return count
  }

  #neighboursToDial(): readonly DialTarget[] {
    const { links, random } = this.#ports
    const all = links.neighbours()
    const running = all.filter(({ peer }) => this.#dialling.has(peer)).length
    const free = all.filter(({ peer }) => !links.isMember(peer) && !this.#dialling.has(peer))
    return shuffled(free, random).slice(0, Math.max(0, maxLanDialsAtOnce - running))
  }

  #fewestFailuresFirst(targets: readonly DialTarget[]): readonly DialTarget[] {
    const failuresOf = ({ peer }: DialTarget) => {
      const attempt = this.#attempts.get(peer)
      return attempt === undefined ? 0 : attempt.failures + attempt.refusals
    }
    return targets
      .map((target) => ({ target, failures: failuresOf(target) }))
      .sort((a, b) => a.failures - b.failures)
      .map(({ target }) => target)
  }

  async #dial(target: DialTarget, attempt: Attempt): Promise<void> {
    const { clock, links, log } = this.#ports
    const { peer } = target
    this.#dialling.set(peer, clock.monotonicMs())
    try {
      const outcome = await links.dial(target, this.#controller.signal)
      if (outcome.kind === 'admitted') {
        attempt.refusals = 0
        attempt.linkedMs = clock.monotonicMs()
        // A circuit may be all there is, or all that stays: then no loss is noted that would make it wait.
        attempt.nextMs = attempt.linkedMs + stableLinkMs
      } else if (outcome.kind === 'refused') {
        this.#refused(attempt)
      } else {
        this.#failed(attempt)
      }
      if (outcome.kind !== 'admitted' && !this.#controller.signal.aborted) {
        const retryMs = Math.round(attempt.nextMs - clock.monotonicMs())
        log('dial-failed', { peer, kind: outcome.kind, reason: outcome.reason, retryMs })
      }
    } finally {
      this.#dialling.delete(peer)
      this.wake()
    }
  }

  /** Finds lost links; how long they lasted decides how soon they are dialled again. */
  #noteLinks(nowMs: number): void {
    const { links } = this.#ports
    for (const [peer, attempt] of this.#attempts) {
      if (attempt.linkedMs === undefined || links.isMember(peer) || this.#dialling.has(peer)) continue
      if (nowMs - attempt.linkedMs >= stableLinkMs) attempt.failures = 0
      attempt.linkedMs = undefined
      this.#failed(attempt)
    }
    // Acquaintances are told by others and change: forget those that are due anyway.
    if (this.#attempts.size > maxRememberedAttempts) {
      for (const [peer, { nextMs, linkedMs }] of this.#attempts) {
        if (linkedMs === undefined && nextMs <= nowMs && !this.#dialling.has(peer))
          this.#attempts.delete(peer)
      }
    }
  }

  #attemptOf(peer: PeerId): Attempt {
    let attempt = this.#attempts.get(peer)
    if (attempt === undefined) {
      attempt = { failures: 0, refusals: 0, nextMs: 0, linkedMs: undefined }
      this.#attempts.set(peer, attempt)
    }
    return attempt
  }

  /** Full jitter: a relay that returns is not met by its whole office in one moment. */
  #failed(attempt: Attempt): void {
    attempt.failures++
    const spanMs = Math.min(maxBackOffMs, 1000 * 1.6 ** (attempt.failures - 1))
    attempt.nextMs = this.#ports.clock.monotonicMs() + 250 + this.#ports.random.fraction() * spanMs
  }

  #refused(attempt: Attempt): void {
    const spanMs = Math.min(maxRefusedBackOffMs, refusedBackOffMs * 2 ** attempt.refusals)
    attempt.refusals = Math.min(attempt.refusals + 1, 20)
    attempt.nextMs = this.#ports.clock.monotonicMs() + spanMs * (0.75 + this.#ports.random.fraction() / 2)
  }
}

export interface SupervisorPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly links: {
    members(): readonly { readonly peer: PeerId }[]
    memberCount(): number
    isMember(peer: PeerId): boolean
    isGraylisted(peer: PeerId): boolean
    canGossip(peer: PeerId): boolean
    repairGossip(peer: PeerId): void
    expel(peer: PeerId, reason: string): void
    /** Dialled first; one of them is kept linked. May change at any time. */
    bootstrap(): readonly DialTarget[]
    acquaintances(): readonly DialTarget[]
    /** Heard of in the same office; anybody there may have made them up. */
    neighbours(): readonly DialTarget[]
    /** A link to it stands in which there is no relay. */
    isDirect(peer: PeerId): boolean
    /** Those of the acquaintances that are known to relay. */
    knownRelays(): readonly DialTarget[]
    /** Reservations at relays are missing that the linked ones do not give. */
    lacksRelays(): boolean
    /** Looks after what else depends on links; called every second, and when links change. */
    look(): void
    dial(target: DialTarget, signal: AbortSignal): Promise<DialOutcome>
  }
}

function shuffled(targets: readonly DialTarget[], random: Random): DialTarget[] {
  const result = [...targets]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random.fraction() * (i + 1))
    const kept = result[i] as DialTarget
    result[i] = result[j] as DialTarget
    result[j] = kept
  }
  return result
}
