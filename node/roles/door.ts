import type { Admission } from '../core/admission.ts'
import type { Item, ItemKind } from '../sync/item.ts'
import { enterAction, enterCancel } from './door-actions.ts'
import {
  enterHeartbeat,
  enterOwnReceipt,
  enterReceipt,
  enterResult,
  enterStatus,
  type OwnReceipt,
} from './door-answers.ts'
import type { DoorContext, Entered, Source } from './door-context.ts'
import { enterCertificate, enterInvitation, enterPolicy, enterRoot } from './door-members.ts'

/** The one door: gossip, sync, admission and file import all enter here, and nothing is believed before it has. */
export interface Door {
  /** Judges, keeps and announces one item. `accept` means that it was new and good. */
  enter(item: Item, source: Source): Promise<Admission<Entered>>
  enterOwnReceipt(own: OwnReceipt): Promise<Admission<Entered>>
}

/** @param turn when all of this kind that came before have been judged */
type Enter = (
  context: DoorContext,
  bytes: Uint8Array,
  source: Source,
  turn: Promise<unknown>,
) => Promise<Admission<Entered>>

const inTurn =
  (enter: (context: DoorContext, bytes: Uint8Array, source: Source) => Promise<Admission<Entered>>): Enter =>
  async (context, bytes, source, turn) => {
    await turn
    return enter(context, bytes, source)
  }

const entrances: Readonly<Record<ItemKind, Enter>> = {
  root: inTurn(enterRoot),
  policy: inTurn(enterPolicy),
  invitation: inTurn(enterInvitation),
  certificate: inTurn(enterCertificate),
  action: inTurn(enterAction),
  cancel: inTurn(enterCancel),
  heartbeat: enterHeartbeat,
  status: enterStatus,
  result: enterResult,
  receipt: enterReceipt,
}

export function createDoor(context: DoorContext, entered: (what: Entered, source: Source) => void): Door {
  // One at a time a kind: two copies of one action at once must merge, not overwrite each other.
  const tails = new Map<ItemKind, Promise<unknown>>()
  async function enter(
    kind: ItemKind,
    source: Source,
    judge: (turn: Promise<unknown>) => Promise<Admission<Entered>>,
  ): Promise<Admission<Entered>> {
    const verdict = judge(tails.get(kind) ?? Promise.resolve())
    tails.set(
      kind,
      verdict.catch(() => undefined),
    )
    const admission = await verdict
    if (admission.kind === 'accept') {
      await admission.value.written
      entered(admission.value, source)
    } else if (admission.kind === 'reject' || !quiet.has(admission.code)) {
      context.log('turned-away', {
        kind,
        verdict: admission.kind,
        code: admission.code,
        detail: admission.detail,
        from: source.peer,
      })
    }
    return admission
  }
  return {
    enter: ({ kind, bytes }, source) =>
      enter(kind, source, (turn) => entrances[kind](context, bytes, source, turn)),
    enterOwnReceipt: (own) =>
      enter('receipt', { via: 'local' }, async (turn) => {
        await turn
        return enterOwnReceipt(context, own)
      }),
  }
}

const quiet: ReadonlySet<string> = new Set(['already-held', 'older'])
