import { multiaddr } from '@multiformats/multiaddr'
import {
  lanDialGraceMs,
  lanNeighbourMs,
  lanNeighboursPerMinute,
  lanNeighboursPerMinuteAddress,
  maxLanNeighbours,
} from '../../core/limits.ts'
import type { PeerId } from '../../core/peer-id.ts'
import type { DialTarget } from '../addresses.ts'
import { TokenBuckets } from '../token-buckets.ts'

interface Neighbour {
  readonly target: DialTarget
  readonly address: string
  readonly sinceMs: number
  heardMs: number
}

/** Who was heard of in the office. Anybody there can say anything: what is kept is bounded, few are new in a minute, and everybody
 *  is dialled and admitted as always. */
export class LanNeighbours {
  readonly #own: { readonly peer: PeerId; readonly listens: () => boolean }
  readonly #nowMs: () => number
  readonly #neighbours = new Map<PeerId, Neighbour>()
  readonly #all: TokenBuckets
  readonly #byAddress: TokenBuckets

  constructor(own: { readonly peer: PeerId; readonly listens: () => boolean }, nowMs: () => number) {
    this.#own = own
    this.#nowMs = nowMs
    this.#all = new TokenBuckets(
      { perMinute: lanNeighboursPerMinute, burst: lanNeighboursPerMinute, maxNames: 1 },
      nowMs,
    )
    this.#byAddress = new TokenBuckets(
      {
        perMinute: lanNeighboursPerMinuteAddress,
        burst: lanNeighboursPerMinuteAddress,
        maxNames: 4 * maxLanNeighbours,
      },
      nowMs,
    )
  }

  /** @param address where the packet came from, IPv4
   *  @returns whether there is somebody new to dial */
  hear(peer: PeerId, address: string, port: number): boolean {
    if (peer === this.#own.peer) return false
    const nowMs = this.#nowMs()
    const text = `/ip4/${address}/tcp/${port}/p2p/${peer}`
    const known = this.#neighbours.get(peer)
    if (known?.address === text) {
      known.heardMs = nowMs
      return false
    }
    // One who has moved waits as one who is new: else one id could be sent round a network.
    if (!this.#byAddress.take(address) || !this.#all.take('all')) return false
    this.#dropOld(nowMs)
    if (known === undefined && this.#neighbours.size >= maxLanNeighbours) return false
    const target = { peer, addresses: [multiaddr(text)] }
    this.#neighbours.set(peer, { target, address: text, sinceMs: nowMs, heardMs: nowMs })
    return true
  }

  /** A dial came to nothing: another may have its place. It is heard again when it is there after all. */
  forget(peer: PeerId): void {
    this.#neighbours.delete(peer)
  }

  /** Whom to dial now. When two hear of one another at once, the one with the lower id dials; the other only when that has
   *  not come to a link after a while. */
  targets(): readonly DialTarget[] {
    const nowMs = this.#nowMs()
    this.#dropOld(nowMs)
    return [...this.#neighbours.values()]
      .filter(
        ({ target, sinceMs }) =>
          !this.#own.listens() || this.#own.peer < target.peer || nowMs - sinceMs >= lanDialGraceMs,
      )
      .map(({ target }) => target)
  }

  #dropOld(nowMs: number): void {
    for (const [peer, { heardMs }] of this.#neighbours)
      if (nowMs - heardMs > lanNeighbourMs) this.#neighbours.delete(peer)
  }
}
