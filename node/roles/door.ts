import type { Admission } from '../core/admission.ts'
import type { Item, ItemKind } from '../sync/item.ts'
import { enterAction, enterCancel } from './door-actions.ts'
import { enterHeartbeat, enterReceipt, enterResult, enterStatus } from './door-answers.ts'
import type { DoorContext, Entered, Source } from './door-context.ts'
import { enterCertificate, enterInvitation, enterPolicy, enterRoot } from './door-members.ts'

/** The one door: gossip, sync, admission and file import all enter here, and nothing is believed before it has. */
export interface Door {
  /** Judges, keeps and announces one item. `accept` means that it was new and good. */
  enter(item: Item, source: Source): Promise<Admission<Entered>>
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
      if (admission.kind === 'accept') {
        await admission.value.written
        entered(admission.value, source)
      } else if (admission.kind === 'reject' || !quiet.has(admission.code)) {
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
