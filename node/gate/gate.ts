import type { PeerId } from '../core/peer-id.ts'

/** The port to the endpoint's second process. Everything that crosses it is bytes or plain data, so that it can be a pipe:
 *  whoever controls the near side still cannot make the far side run what the fleet's people have not signed.
 *  @see docs/architecture.md 4 */
export interface Gate {
  identity(): Promise<GateIdentity>
  /** Takes a root and a policy if they are the fleet's and newer than what it has. */
  offerPolicy(rootWire: Uint8Array, policyWire: Uint8Array): Promise<PolicyAnswer>
  /** Checks an action in full and, where it may run here, runs it once. Answers as soon as the verdict is durable, not when it has run. */
  offerAction(wire: Uint8Array): Promise<ActionAnswer>
  offerCancel(wire: Uint8Array): Promise<CancelAnswer>
  /** What has to leave this machine: results until their origin's receipt, statuses until they are out of date. About 1 MiB a call,
   *  least often handed out first, then oldest first: calling again goes on with the rest. */
  outbox(): Promise<readonly OutboxEntry[]>
  /** Clears a result when the receipt is its origin's. */
  offerReceipt(receiptWire: Uint8Array): Promise<boolean>
  /** One sealed page of a result; undefined when there is none. */
  detailPage(actionId: string, page: number): Promise<Uint8Array | undefined>
  /** What is still to be done: for whoever wants to leave when all is done. */
  progress(): Promise<GateProgress>
  /** Signs the next heartbeat. */
  heartbeat(addresses: readonly string[]): Promise<Uint8Array>
  /** A heartbeat of this agent that somebody else held. True when it proves that this machine runs from an older copy of itself; then
   *  actions issued before now are refused from here on (protocol 7.1). */
  offerHeartbeat(wire: Uint8Array): Promise<boolean>
  /** Called when the outbox has something new, until what is returned is called. */
  onOutbox(listener: () => void): () => void
  /** Waits for nothing: whatever runs is stopped and will be reported as interrupted. May be called twice. */
  stop(): Promise<void>
}

export interface GateIdentity {
  readonly peer: PeerId
  /** Starts of this gate, counted both in the store and outside the state directory. */
  readonly boot: number
  /** The machine or its state directory was restored, or the store lost or repaired: actions issued before that was noticed are refused. */
  readonly rolledBack: boolean
  readonly policyVersion: number
}

export interface GateProgress {
  /** Accepted actions whose outcome does not stand on the disk yet. */
  readonly unfinished: number
  /** Results that no origin has confirmed. */
  readonly waiting: number
}

export type PolicyAnswer =
  | { readonly kind: 'taken' | 'had'; readonly version: number }
  | { readonly kind: 'not-taken'; readonly code: string; readonly detail: string }

export type ActionAnswer =
  /** It is, or was, run here; or stands in the queue. */
  | { readonly kind: 'accepted' }
  /** Seen before: nothing happens. */
  | { readonly kind: 'known' }
  | { readonly kind: 'not-targeted' }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Not now: offer it again at `untilMs`, or when the policy has changed. */
  | { readonly kind: 'hold'; readonly code: string; readonly untilMs?: number }
  | { readonly kind: 'invalid'; readonly code: string; readonly detail: string }

export type CancelAnswer =
  | { readonly kind: 'stopped' | 'kept' | 'too-late' }
  | { readonly kind: 'invalid'; readonly code: string; readonly detail: string }

export interface OutboxEntry {
  readonly kind: 'result' | 'status'
  readonly actionId: string
  /** Node that issued the action. */
  readonly origin: PeerId
  /** Signed, sealed envelope with this agent's certificate beside it. */
  readonly wire: Uint8Array
}
