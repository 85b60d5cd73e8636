/** What a node's work is for. `transport` is Noise and yamux, `gossip` is gossipsub, `other` what none of them asked for. */
export const phases = ['transport', 'gossip', 'sessions', 'verify', 'run', 'seal', 'store', 'other'] as const
export type Phase = (typeof phases)[number]

/** A port for measuring where time and bytes go. Only measurements fit one; an endpoint has none, and pays one call for it. */
export interface Probe {
  /** Runs `work`: what it does, and what it sets going, counts for `phase`. */
  measure<T>(phase: Phase, work: () => T): T
  /** Bytes that went over a connection as the network sees them, Noise and yamux included. */
  wire(direction: Direction, bytes: number): void
  /** Bytes of one write or read on a stream of one protocol. */
  payload(protocol: string, direction: Direction, bytes: number): void
}

export type Direction = 'in' | 'out'

export const noProbe: Probe = {
  measure: (_phase, work) => work(),
  wire: () => undefined,
  payload: () => undefined,
}
