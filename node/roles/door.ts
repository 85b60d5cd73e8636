import { type Admission, ignore, reject } from '../core/admission.ts'
import { isCollector, type Role } from '../core/certificate.ts'
import type { Clock } from '../core/clock.ts'
import type { PeerId } from '../core/peer-id.ts'
import type { Item, ItemKind } from '../sync/item.ts'
import { enterAction, enterCancel } from './door-actions.ts'
import { enterHeartbeat, enterReceipt, enterResult, enterStatus } from './door-answers.ts'
import { enterCertificate, enterInvitation, enterPolicy, enterRoot } from './door-members.ts'
import type { Ledger } from './ledger.ts'
import type { Shelf } from './shelf.ts'

/** The one door: gossip, sync, admission and file import all enter here, and nothing is believed before it has. */
export interface Door {
  /** Judges, keeps and announces one item. `accept` means that it was new and good. */
  enter(item: Item, source: Source): Promise<Admission<Entered>>
}

export interface Source {
  readonly via: 'gossip' | 'sync' | 'admission' | 'local' | 'file'
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

type Enter = (context: DoorContext, bytes: Uint8Array, source: Source) => Promise<Admission<Entered>>

const entrances: Readonly<Record<ItemKind, Enter>> = {
  root: enterRoot,
  policy: enterPolicy,
  invitation: enterInvitation,
  certificate: enterCertificate,
  action: enterAction,
  cancel: enterCancel,
  heartbeat: enterHeartbeat,
  status: enterStatus,
  result: enterResult,
  receipt: enterReceipt,
}

export function createDoor(context: DoorContext, entered: (what: Entered, source: Source) => void): Door {
  // One at a time a kind: two copies of one action at once must merge, not overwrite each other.
  const tails = new Map<ItemKind, Promise<unknown>>()
  return {
    async enter(item, source) {
      const before = tails.get(item.kind) ?? Promise.resolve()
      const verdict = before.then(() => entrances[item.kind](context, item.bytes, source))
      tails.set(
        item.kind,
        verdict.catch(() => undefined),
      )
      const admission = await verdict
      if (admission.kind === 'accept') entered(admission.value, source)
      else if (admission.kind === 'reject' || !quiet.has(admission.code)) {
        context.log('turned-away', {
          kind: item.kind,
          verdict: admission.kind,
          code: admission.code,
          detail: admission.detail,
          from: source.peer,
        })
      }
      return admission
    },
  }
}

const quiet: ReadonlySet<string> = new Set(['already-held', 'older'])

/** Answers are for collectors; an ordinary member takes a neighbour's only to carry it. */
export function wantsAnswers(context: DoorContext): boolean {
  return isCollector(context.role) || context.mayCarry()
}

/** What a verdict of the floors below means here. */
export function passOn(verdict: {
  readonly kind: 'ignore' | 'reject'
  readonly code: string
  readonly detail: string
}): Admission<never> {
  return verdict.kind === 'reject'
    ? reject(verdict.code as Parameters<typeof reject>[0], verdict.detail)
    : ignore(verdict.code as Parameters<typeof ignore>[0], verdict.detail)
}
