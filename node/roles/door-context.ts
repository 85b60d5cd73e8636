import { isCollector, type Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { ItemKind } from '../sync/item.ts'
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
}

export interface DoorContext {
  readonly fleet: string
  readonly self: PeerId
  readonly role: Role
  readonly ledger: Ledger
  readonly shelf: Shelf
  readonly clock: Clock
  readonly knownModules: ReadonlySet<string>
  /** An answer of a neighbour is carried for it (protocol 6.1). */
  readonly mayCarry: () => boolean
  /** A receipt for an answer of this agent itself. */
  readonly ownReceipt: (wire: Uint8Array) => Promise<boolean>
  readonly log: (event: string, details?: Record<string, unknown>) => void
}

/** Answers are for collectors; an ordinary member takes a neighbour's only to carry it. */
export function wantsAnswers(context: DoorContext): boolean {
  return isCollector(context.role) || context.mayCarry()
}
