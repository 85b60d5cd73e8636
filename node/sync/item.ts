import { hash } from 'node:crypto'
import { ByteReader, concat, uvarint } from '../core/bytes.ts'
import type { Role } from '../core/certificate.ts'
import { isCollector } from '../core/certificate.ts'
import { maxItemBytes } from '../core/limits.ts'
import { type Mark, markBytes } from './mark.ts'

/** What nodes hold and exchange, in the order in which a receiver must take it: what is needed to judge the rest comes first. */
export const itemKinds = [
  'root',
  'policy',
  'invitation',
  'certificate',
  'cancel',
  'action',
  'heartbeat',
  'status',
  'result',
  'receipt',
] as const
export type ItemKind = (typeof itemKinds)[number]

export interface Item {
  readonly kind: ItemKind
  readonly bytes: Uint8Array
}

/** Two nodes that hold the same item name it alike.
 *  `version` changes when the item grows or is replaced: the signers of an action, the serial of a certificate. */
export function itemMark(kind: ItemKind, key: string, version: string): Mark {
  return hash('sha256', `${kind}\n${key}\n${version}`, 'hex').slice(0, 2 * markBytes) as Mark
}

/** Which kinds a node of a role keeps. Agents carry the questions, never one another's answers (protocol 6.1). */
export function kindsFor(role: Role): readonly ItemKind[] {
  return isCollector(role) ? itemKinds : ['root', 'policy', 'invitation', 'certificate', 'cancel', 'action']
}

/** Which kinds a node of a role may hand over; judged at the door again, by content. */
export function kindsFrom(role: Role): readonly ItemKind[] {
  return role === 'agent' ? itemKinds.filter((kind) => kind !== 'receipt') : itemKinds
}

/** One frame of items: `uvarint(kind) ‖ uvarint(length) ‖ bytes`, repeated. */
export function encodeItems(items: readonly Item[]): Uint8Array {
  return concat(
    items.flatMap((item) => [uvarint(itemKinds.indexOf(item.kind)), uvarint(item.bytes.length), item.bytes]),
  )
}

/** Undefined when the frame is not one, or has more items than are allowed. */
export function decodeItems(
  frame: Uint8Array,
  maxItems = Number.POSITIVE_INFINITY,
): readonly Item[] | undefined {
  const reader = new ByteReader(frame)
  const items: Item[] = []
  while (!reader.done) {
    const index = reader.uvarint()
    const kind = index === undefined ? undefined : itemKinds[index]
    const bytes = reader.prefixed(maxItemBytes)
    if (kind === undefined || bytes === undefined || items.length >= maxItems) return undefined
    items.push({ kind, bytes })
  }
  return items
}
