import type { Clock, Random } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import {
  droppedRelayAskMs,
  maxBackOffMs,
  maxRefusedBackOffMs,
  refusedBackOffMs,
  reservationAskLimitMs,
  reservationRenewMs,
  reservationTtlMs,
  wantedReservations,
} from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Log } from './mesh.ts'
import type { ReservationView } from './reach.ts'

/** A member that relays and is linked directly. */
export interface RelayLink {
  readonly relay: PeerId
  /** The network that it stands in, roughly: relays in one place fall together. */
  readonly place: string
  /** 0: the policy has chosen it for this node. 1: any other. 2: chosen for others. The lowest first. */
  readonly rank: 0 | 1 | 2
}

/** How a relay answered the request for a reservation. */
export type Reserved =
  | { readonly kind: 'granted'; readonly addresses: readonly string[] }
  /** `gone`: it does not relay, or not any more. */
  | { readonly kind: 'refused' | 'failed' | 'gone'; readonly reason: string }

interface Held {
  readonly place: string
  readonly rank: RelayLink['rank']
  readonly addresses: readonly string[]
  readonly renewMs: number
  readonly untilMs: number
}

interface Trouble {
  readonly state: 'refused' | 'failed'
  readonly reason: string
  readonly failures: number
  readonly nextMs: number
}

/** Keeps reservations at relays for as long as this node cannot be reached otherwise. libp2p's own never come back after a
 *  relay's restart, and count by the other side's clock. */
export class Reservations {
  readonly #ports: {
    /** Cannot be reached at an address of its own. */
    readonly isNeeded: () => boolean
    readonly relays: () => readonly RelayLink[]
    readonly ownRelays: () => number
    readonly reserve: (relay: PeerId, signal: AbortSignal) => Promise<Reserved>
    readonly changed: () => void
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
  }
  readonly #held = new Map<PeerId, Held>()
  readonly #troubles = new Map<PeerId, Trouble>()
  readonly #asking = new Set<PeerId>()
  readonly #controller = new AbortController()

  constructor(ports: {
    isNeeded: () => boolean
    relays: () => readonly RelayLink[]
    /** How many relays the policy has chosen for this node, linked or not. */
    ownRelays: () => number
    reserve: (relay: PeerId, signal: AbortSignal) => Promise<Reserved>
    /** Called when something was granted or lost, and when a request has ended. */
    changed: () => void
    clock: Clock
    random: Random
    log: Log
  }) {
    this.#ports = ports
  }

  /** Circuit addresses of this node, without its own id: one of each relay, then the second of each, … */
  addresses(): readonly string[] {
    const lists = [...this.#held.values()].sort((a, b) => a.rank - b.rank).map(({ addresses }) => addresses)
    const longest = Math.max(0, ...lists.map((list) => list.length))
    return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat()
  }

  isHeldAt(relay: PeerId): boolean {
    return this.#held.has(relay) || this.#asking.has(relay)
  }

  views(): readonly ReservationView[] {
    return [
      ...[...this.#held].map(([relay, { addresses }]) => ({ relay, state: 'held' as const, addresses })),
      ...[...this.#troubles].map(([relay, { state, reason }]) => ({ relay, state, reason })),
    ]
  }

  /** More relays should be linked: those that are linked do not give what is wanted. */
  lacksRelays(): boolean {
    return this.lacksAny() || (this.#ports.isNeeded() && this.#lacksOwn())
  }

  /** So many are missing that any relay would do. */
  lacksAny(): boolean {
    return this.#ports.isNeeded() && this.#held.size + this.#asking.size < wantedReservations
  }

  stop(): void {
    this.#controller.abort(new Error('stopped'))
  }

  /** Lets go of what is lost, renews what is due, asks for what is missing. Called every second, and when links change. */
  look(): void {
    const { clock, changed, isNeeded, relays } = this.#ports
    const nowMs = clock.monotonicMs()
    const linked = new Map(relays().map((link) => [link.relay, link]))
    let lost = false
    for (const [relay, held] of this.#held) {
      const link = linked.get(relay)
      if (link !== undefined && held.untilMs > nowMs && isNeeded() && !this.#isSpare(relay, held, nowMs)) {
        // Chosen no more, it may have ended its service: asked again when it has surely heard of that, too.
        const renewMs = held.rank === 0 ? Math.min(held.renewMs, nowMs + droppedRelayAskMs) : held.renewMs
        if (link.rank !== held.rank) this.#held.set(relay, { ...held, rank: link.rank, renewMs })
        continue
      }
      this.#held.delete(relay)
      this.#ports.log('reservation-lost', { relay })
      lost = true
    }
    for (const relay of this.#troubles.keys()) if (!linked.has(relay)) this.#troubles.delete(relay)
    if (lost) changed()
    if (!isNeeded() || this.#controller.signal.aborted) return
    for (const [relay, { renewMs, place, rank }] of this.#held)
      if (renewMs <= nowMs && !this.#asking.has(relay)) void this.#ask({ relay, place, rank })
    const chosen = this.#choose([...linked.values()], nowMs)
    if (chosen !== undefined) void this.#ask(chosen)
  }

  /** Not renewed: with one that the policy has chosen, enough are held beside it, and it stands in no place of its own. */
  #isSpare(relay: PeerId, { renewMs, place, rank }: Held, nowMs: number): boolean {
    if (rank === 0 || renewMs > nowMs) return false
    const rest = [...this.#held].filter(([other]) => other !== relay).map(([, held]) => held)
    const places = new Set(rest.map((held) => held.place))
    if (!rest.some((held) => held.rank === 0)) return false
    return rest.length >= wantedReservations && (places.size > 1 || places.has(place))
  }

  #lacksOwn(): boolean {
    const held = [...this.#held.values()].filter(({ rank }) => rank === 0).length
    return held < Math.min(wantedReservations, this.#ports.ownRelays())
  }

  /** One more relay: those chosen for this node first, others up to the number wanted, and one above it where it stands in another
   *  place than all of them. */
  #choose(linked: readonly RelayLink[], nowMs: number): RelayLink | undefined {
    const free = linked.filter(
      ({ relay }) =>
        !this.#held.has(relay) &&
        !this.#asking.has(relay) &&
        (this.#troubles.get(relay)?.nextMs ?? 0) <= nowMs,
    )
    if (this.#asking.size > 0) return undefined
    const places = new Set([...this.#held.values()].map(({ place }) => place))
    const elsewhere = free.filter(({ place }) => !places.has(place))
    const isLow = this.#held.size < wantedReservations
    if (isLow || this.#lacksOwn()) {
      const rank = isLow ? Math.min(...free.map((link) => link.rank)) : 0
      const isBest = (link: RelayLink) => link.rank === rank
      const { random } = this.#ports
      const best = pick(elsewhere.filter(isBest), random) ?? pick(free.filter(isBest), random)
      if (isLow || best !== undefined) return best
    }
    const isOnePlace = this.#held.size === wantedReservations && places.size === 1
    return isOnePlace ? pick(elsewhere, this.#ports.random) : undefined
  }

  async #ask({ relay, place, rank }: RelayLink): Promise<void> {
    const { clock, reserve, changed, log } = this.#ports
    this.#asking.add(relay)
    try {
      const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(reservationAskLimitMs)])
      const outcome = await reserve(relay, signal).catch(
        (error: unknown): Reserved => ({ kind: 'failed', reason: messageOf(error) }),
      )
      const nowMs = clock.monotonicMs()
      if (outcome.kind === 'granted') {
        if (!this.#held.has(relay)) log('reservation-held', { relay, place, addresses: outcome.addresses })
        this.#troubles.delete(relay)
        this.#held.set(relay, {
          place,
          rank,
          addresses: outcome.addresses,
          renewMs: nowMs + reservationRenewMs * (0.8 + 0.4 * this.#ports.random.fraction()),
          untilMs: nowMs + reservationTtlMs,
        })
      } else {
        this.#troubled(relay, outcome.kind, outcome.reason)
      }
    } finally {
      this.#asking.delete(relay)
      if (!this.#controller.signal.aborted) changed()
    }
  }

  #troubled(relay: PeerId, kind: 'refused' | 'failed' | 'gone', reason: string): void {
    const state = kind === 'refused' ? 'refused' : 'failed'
    const { clock, random, log } = this.#ports
    const nowMs = clock.monotonicMs()
    const failures = (this.#troubles.get(relay)?.failures ?? 0) + 1
    const spanMs =
      state === 'refused'
        ? Math.min(maxRefusedBackOffMs, refusedBackOffMs * 2 ** Math.min(failures - 1, 20))
        : Math.min(maxBackOffMs, 1000 * 1.6 ** Math.min(failures - 1, 20))
    const nextMs = nowMs + 250 + random.fraction() * spanMs
    log('reservation-failed', { relay, state, reason, retryMs: Math.round(nextMs - nowMs) })
    const held = this.#held.get(relay)
    // A renewal that fails is tried again while the reservation lasts; one that is refused has ended it.
    if (held !== undefined && kind === 'failed') {
      this.#held.set(relay, { ...held, renewMs: nextMs })
      return
    }
    this.#held.delete(relay)
    this.#troubles.set(relay, { state, reason, failures, nextMs })
  }
}

function pick(links: readonly RelayLink[], random: Random): RelayLink | undefined {
  return links[Math.floor(random.fraction() * links.length)]
}
