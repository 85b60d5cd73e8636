/** Milliseconds since the epoch, UTC. Made by a `Clock`, or read from a document by `parseInstant`. */
export type Instant = number & { readonly brand: 'Instant' }

/** The port for time: everything that waits or reads a clock takes one, so that a simulator can drive it. */
export interface Clock {
  now(): Instant
  /** Never goes back; its origin means nothing. Every time-out is measured on it. */
  monotonicMs(): number
  /** Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs `task` once after `ms`, without keeping the process alive. Returns how to call it off. */
  after(ms: number, task: () => void): () => void
}

/** The port for randomness. */
export interface Random {
  bytes(count: number): Uint8Array
  /** 0 ≤ x < 1, for jitter only. */
  fraction(): number
}
