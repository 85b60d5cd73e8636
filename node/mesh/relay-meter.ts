import type { PeerId } from '../core/peer-id.ts'
import type { RelayAccount } from './reach.ts'

interface Account {
  circuits: number
  circuitsEver: number
  sentBytes: number
  receivedBytes: number
  refused: number
  /** May be below zero: then its next bytes wait. */
  tokens: number
  atMs: number
}

export interface MeterBounds {
  readonly maxCircuits: number
  readonly maxCircuitsPeer: number
  readonly bytesPerSecond: number
  readonly bytesPerSecondPeer: number
  readonly burstBytesPeer: number
  readonly maxPeers: number
}

/** Counts what is carried, by peer, and says how long the next bytes have to wait. The sender pays: nobody can use up what
 *  another may send by sending to it. */
export class RelayMeter {
  readonly #bounds: MeterBounds
  readonly #nowMs: () => number
  /** Ordered by last use: the first quiet one is the one to forget. */
  readonly #accounts = new Map<PeerId, Account>()
  #total: { tokens: number; atMs: number }
  #circuits = 0
  #bytes = 0
  #refused = 0

  constructor(bounds: MeterBounds, nowMs: () => number) {
    this.#bounds = bounds
    this.#nowMs = nowMs
    this.#total = { tokens: bounds.bytesPerSecond, atMs: nowMs() }
  }

  get circuits(): number {
    return this.#circuits
  }

  /** Bytes carried since the start. */
  get bytes(): number {
    return this.#bytes
  }

  /** Requests that were refused since the start. */
  get refused(): number {
    return this.#refused
  }

  /** The busiest first. */
  accounts(): readonly RelayAccount[] {
    return [...this.#accounts]
      .map(([peer, { circuits, circuitsEver, sentBytes, receivedBytes, refused }]) => ({
        peer,
        circuits,
        circuitsEver,
        sentBytes,
        receivedBytes,
        refused,
      }))
      .sort((a, b) => b.sentBytes + b.receivedBytes - a.sentBytes - a.receivedBytes)
  }

  /** Takes a circuit's place. Undefined when one of the two ends, or this relay, has as many as it may.
   *  @returns how to give it back */
  open(from: PeerId, to: PeerId): (() => void) | undefined {
    const { maxCircuits, maxCircuitsPeer } = this.#bounds
    const ends = [this.#account(from), this.#account(to)]
    if (this.#circuits >= maxCircuits) return undefined
    if (ends.some(({ circuits }) => circuits >= maxCircuitsPeer)) return undefined
    this.#circuits++
    for (const end of ends) {
      end.circuits++
      end.circuitsEver++
    }
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#circuits--
      for (const end of ends) end.circuits--
    }
  }

  /** Notes that a peer has asked in vain. */
  refuse(peer: PeerId): void {
    this.#refused++
    this.#account(peer).refused++
  }

  /** Notes bytes that go on now.
   *  @returns ms to wait before more are read from the sender */
  carried(from: PeerId, to: PeerId, bytes: number): number {
    const { bytesPerSecond, bytesPerSecondPeer, burstBytesPeer } = this.#bounds
    const sender = this.#account(from)
    sender.sentBytes += bytes
    this.#account(to).receivedBytes += bytes
    this.#bytes += bytes
    return Math.max(
      spend(sender, bytes, bytesPerSecondPeer, burstBytesPeer, this.#nowMs()),
      spend(this.#total, bytes, bytesPerSecond, bytesPerSecond, this.#nowMs()),
    )
  }

  #account(peer: PeerId): Account {
    const held = this.#accounts.get(peer)
    const account = held ?? {
      circuits: 0,
      circuitsEver: 0,
      sentBytes: 0,
      receivedBytes: 0,
      refused: 0,
      tokens: this.#bounds.burstBytesPeer,
      atMs: this.#nowMs(),
    }
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)
    if (held === undefined && this.#accounts.size > this.#bounds.maxPeers) this.#forgetOne()
    return account
  }

  #forgetOne(): void {
    for (const [peer, { circuits }] of this.#accounts) {
      if (circuits > 0) continue
      this.#accounts.delete(peer)
      return
    }
  }
}

/** @returns ms until the bucket is out of its debt */
function spend(
  bucket: { tokens: number; atMs: number },
  bytes: number,
  perSecond: number,
  burst: number,
  nowMs: number,
): number {
  const refilled = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000)
  bucket.tokens = refilled - bytes
  bucket.atMs = nowMs
  return bucket.tokens >= 0 ? 0 : (-bucket.tokens * 1000) / perSecond
}
