import { isCollector, type Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import type { Heartbeat } from '../core/heartbeat.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { ItemKind } from '../sync/item.ts'
import type { Aside } from './aside.ts'
import type { Carried } from './carried.ts'
import type { Ledger } from './ledger.ts'
import type { Shelf } from './shelf.ts'

/** Where something came in from. */
export interface Source {
  readonly via: 'gossip' | 'sync' | 'admission' | 'local' | 'file' | 'disk'
  readonly peer?: PeerId
}

/** What came in, for whoever has to act on it. */
export interface Entered {
  readonly kind: ItemKind
  /** Key on the shelf. */
  readonly key: string
  /** For actions, cancels and answers. */
  readonly actionId?: string
  /** The node that it is about. */
  readonly peer?: PeerId
  /** The neighbour that had handed over what this receipt ends. */
  readonly handedBy?: PeerId
  /** When it is on the disk, where it was judged and not waited for: what comes next may be judged meanwhile, and both are written
   *  together. The door tells nobody before. */
  readonly written?: Promise<void>
}

export interface DoorContext {
  readonly fleet: string
  readonly self: PeerId
  readonly role: Role
  readonly ledger: Ledger
  readonly shelf: Shelf
  readonly clock: Clock
  readonly knownModules: ReadonlySet<string>
  /** Answers that an agent carries for others (protocol 6.1). Undefined at collectors, which keep all. */
  readonly carried: Carried | undefined
  /** What counts for nothing and is kept all the same. */
  readonly aside: Aside
  /** An agent has given a second outcome: the view of this action changes. */
  readonly contradicted: (actionId: string, peer: PeerId) => void
  /** A receipt for an answer of this agent itself. */
  readonly ownReceipt: (wire: Uint8Array) => Promise<boolean>
  /** A heartbeat of this agent itself comes back. True when it is later than this agent knows: it runs from a copy (protocol 7.1). */
  readonly ownHeartbeat: (wire: Uint8Array) => Promise<boolean>
  /** An agent's heartbeat, given to an agent. Whether it is later than what was held. */
  readonly neighbourHeartbeat: (heartbeat: Heartbeat, bytes: Uint8Array, from: PeerId) => boolean
  /** An expired action is needed by whoever carries answers to it; is this neighbour one whose answers may be carried? */
  readonly carriesFor: (neighbour: PeerId) => boolean
  readonly log: (event: string, details?: Record<string, unknown>) => void
}

/** Answers are for collectors; an ordinary member takes a neighbour's only to carry it. */
export function wantsAnswers(context: DoorContext): boolean {
  return isCollector(context.role) || context.carried !== undefined
}
