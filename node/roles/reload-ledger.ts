import type { ItemKind } from '../sync/item.ts'
import { enterAction, enterCancel } from './door-actions.ts'
import type { DoorContext } from './door-context.ts'
import { enterCertificate, enterInvitation, enterPolicy, enterRoot } from './door-members.ts'

/** Fills the ledger from the shelf at start. What was believed once is judged again: the disk is input like any other. */
export async function reloadLedger(context: DoorContext): Promise<void> {
  const entrances = {
    root: enterRoot,
    policy: enterPolicy,
    invitation: enterInvitation,
    certificate: enterCertificate,
    cancel: enterCancel,
    action: enterAction,
  } satisfies Partial<Record<ItemKind, unknown>>
  for (const kind of Object.keys(entrances) as (keyof typeof entrances)[]) {
    const stale: string[] = []
    for (const key of context.shelf.keys(kind)) {
      const held = await context.shelf.get(kind, key)
      const verdict =
        held === undefined ? undefined : await entrances[kind](context, held.bytes, { via: 'disk' })
      if (verdict?.kind === 'accept') await verdict.value.written
      if (
        verdict === undefined ||
        verdict.kind === 'reject' ||
        (verdict.kind === 'ignore' && verdict.code === 'expired')
      )
        stale.push(key)
    }
    await context.shelf.remove(kind, stale)
  }
}
