import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/error.ts'
import { circuitOpenLimitMs, reachCheckMs, reachRetryMs } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Log } from './mesh.ts'
import type { ReachCheck } from './reach.ts'
import type { ReachAnswer } from './reach-check.ts'

/** Knows whether this node can be reached from outside at an address of its own: relays that it is linked to try. */
export class Reachability {
  readonly #ports: {
    readonly listeningPorts: () => readonly number[]
    readonly relays: () => readonly PeerId[]
    readonly ask: (
      relay: PeerId,
      ports: readonly number[],
      signal: AbortSignal,
    ) => Promise<ReachAnswer | undefined>
    readonly changed: () => void
    readonly clock: Clock
    readonly log: Log
  }
  readonly #checks = new Map<PeerId, ReachCheck>()
  readonly #dueMs = new Map<PeerId, number>()
  readonly #asking = new Set<PeerId>()
  readonly #controller = new AbortController()

  constructor(ports: {
    /** TCP ports that this node listens on, or says that it does. */
    listeningPorts: () => readonly number[]
    relays: () => readonly PeerId[]
    ask: (relay: PeerId, ports: readonly number[], signal: AbortSignal) => Promise<ReachAnswer | undefined>
    changed: () => void
    clock: Clock
    log: Log
  }) {
    this.#ports = ports
  }

  checks(): readonly ReachCheck[] {
    return [...this.#checks.values()]
  }

  /** Nobody can dial this node, or a relay that is linked could not. Without a verdict an open port is believed. */
  needsRelays(): boolean {
    if (this.#ports.listeningPorts().length === 0) return true
    return [...this.#checks.values()].some(({ reached }) => reached.length === 0)
  }

  /** Where relays did reach this node: behind a NAT that forwards the port, an address that it does not see itself. */
  reachedAt(): readonly string[] {
    return [...new Set([...this.#checks.values()].flatMap(({ reached }) => reached))]
  }

  stop(): void {
    this.#controller.abort(new Error('stopped'))
  }

  /** Asks whom it is time to ask. Called every second, and when links change. */
  look(): void {
    const relays = new Set(this.#ports.relays())
    for (const known of [this.#checks, this.#dueMs])
      for (const relay of known.keys()) if (!relays.has(relay)) known.delete(relay)
    if (this.#ports.listeningPorts().length === 0 || this.#controller.signal.aborted) return
    const nowMs = this.#ports.clock.monotonicMs()
    for (const relay of relays)
      if (!this.#asking.has(relay) && (this.#dueMs.get(relay) ?? 0) <= nowMs) void this.#ask(relay, nowMs)
  }

  async #ask(relay: PeerId, nowMs: number): Promise<void> {
    const { ask, listeningPorts, changed, log } = this.#ports
    this.#asking.add(relay)
    // What was known stands until it is known better; a relay that does not answer is not asked every second.
    this.#dueMs.set(relay, nowMs + reachRetryMs)
    try {
      const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(circuitOpenLimitMs)])
      const answer = await ask(relay, listeningPorts(), signal)
      if (answer === undefined) return
      this.#dueMs.set(relay, nowMs + reachCheckMs)
      const before = this.#checks.get(relay)
      this.#checks.set(relay, { by: relay, ...answer })
      if (before?.reached.join() === answer.reached.join()) return
      log('reach-checked', { by: relay, ...answer })
      changed()
    } catch (error) {
      if (!this.#controller.signal.aborted) log('reach-check-failed', { by: relay, error: messageOf(error) })
    } finally {
      this.#asking.delete(relay)
    }
  }
}
