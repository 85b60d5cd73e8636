import { z } from 'zod'
import { isCollector } from '../core/certificate.ts'
import type { Instant } from '../core/clock.ts'
import { MigError } from '../core/error.ts'
import { plusSeconds } from '../core/instant.ts'
import { clockToleranceSeconds, maxChosenActions } from '../core/limits.ts'
import type { PeerId } from '../core/peer-id.ts'
import * as keys from '../store/keyspace.ts'
import { type ItemKind, itemKinds } from '../sync/item.ts'
import type { Ledger } from './ledger.ts'
import type { Shelf } from './shelf.ts'

/** Which of what a node holds goes into a bundle. */
export const bundleSelectionSchema = z.strictObject({
  /** `agents`: questions, and receipts for their answers. `investigators`: everything. */
  to: z.enum(['agents', 'investigators']),
  /** Beginnings of the ids of the actions meant; none: all. */
  actions: z.array(z.string().min(1).max(64)).max(maxChosenActions).readonly(),
  /** Only actions that were issued since, with what belongs to them. */
  since: z
    .int()
    .transform((ms) => ms as Instant)
    .optional(),
  /** For investigators: also the pages of whole results that are here. */
  pages: z.boolean().optional(),
})
export type BundleSelection = z.output<typeof bundleSelectionSchema>

/** @returns the agents whose last heartbeat may have to travel by stick: those that are not heard over the mesh. It is how a machine that
 *  was restored from a copy learns of it (protocol 7.1) */
export function apartFromMesh(
  roster: readonly { readonly id: string; readonly status: string; readonly mode: string }[],
): ReadonlySet<string> {
  return new Set(
    roster.filter(({ status, mode }) => status !== 'online' || mode === 'checkin').map(({ id }) => id),
  )
}

export interface Chosen {
  readonly kind: ItemKind
  readonly key: string
}

const forAgents: ReadonlySet<ItemKind> = new Set([
  'root',
  'policy',
  'invitation',
  'certificate',
  'cancel',
  'action',
  'heartbeat',
  'receipt',
])
const ofActions: ReadonlySet<ItemKind> = new Set(['cancel', 'action', 'status', 'result', 'receipt'])

/** What is on the shelf and meant, in the order in which a receiver can judge it.
 *  @param apart see `apartFromMesh`
 *  @throws MigError `not-found` when no held action begins with one of the ids */
export function chooseItems(
  { ledger, shelf }: { readonly ledger: Ledger; readonly shelf: Shelf },
  selection: BundleSelection,
  now: Instant,
  apart: ReadonlySet<string> = new Set(),
): readonly Chosen[] {
  const means = actionFilter(ledger, selection)
  const isOpen = (id: string) => {
    const action = ledger.actions.get(id)?.action
    return action !== undefined && plusSeconds(action.expireafter, clockToleranceSeconds) >= now
  }
  return itemKinds
    .filter((kind) => selection.to === 'investigators' || forAgents.has(kind))
    .flatMap((kind) =>
      shelf
        .keys(kind)
        .filter((key) => {
          const [id = ''] = keys.keyParts(key)
          if (ofActions.has(kind) && !means(id)) return false
          if (selection.to === 'investigators') return true
          // An agent's certificate travels with what it says (protocol 1.4), and no agent runs what has expired.
          if (kind === 'certificate') return isCollectors(ledger, id as PeerId)
          if (kind === 'heartbeat') return apart.has(id)
          return (kind !== 'action' && kind !== 'cancel') || isOpen(id)
        })
        .map((key) => ({ kind, key })),
    )
}

/** Is this action meant? */
export function actionFilter(
  ledger: Ledger,
  { actions, since }: Pick<BundleSelection, 'actions' | 'since'>,
): (actionId: string) => boolean {
  for (const beginning of actions) {
    if ([...ledger.actions.keys()].some((id) => id.startsWith(beginning))) continue
    throw new MigError('not-found', `there is no action ${beginning} here`, { hint: 'mig action list' })
  }
  return (id) => {
    if (actions.length > 0 && !actions.some((beginning) => id.startsWith(beginning))) return false
    const issuedAt = ledger.actions.get(id)?.action.issuedat
    return since === undefined || (issuedAt !== undefined && issuedAt >= since)
  }
}

function isCollectors(ledger: Ledger, peer: PeerId): boolean {
  const role = ledger.certificates.get(peer)?.certificate.role
  return role !== undefined && isCollector(role)
}
