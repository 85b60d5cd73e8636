import { maxKeyChars } from '../core/limits.ts'
import type { Range } from './store.ts'

/** Every key of the project is made here: `<family>/<part>/<part>`. No part can hold the separator, so that no id,
 *  whoever chose it, can reach into another family or another action. */

/** Keys of the store beside the mesh: what a node carries, knows and collects. */
export const meshKey = {
  action: (actionId: string) => key('action', id(actionId)),
  cancel: (actionId: string, fingerprint: string) => key('cancel', id(actionId), id(fingerprint)),
  root: (version: number) => key('root', number(version)),
  policy: (version: number) => key('policy', number(version)),
  invitation: (invitationId: string) => key('invitation', id(invitationId)),
  certificate: (peerId: string) => key('certificate', id(peerId)),
  heartbeat: (peerId: string) => key('heartbeat', id(peerId)),
  result: (actionId: string, peerId: string) => key('result', id(actionId), id(peerId)),
  status: (actionId: string, peerId: string) => key('status', id(actionId), id(peerId)),
  receipt: (actionId: string, peerId: string) => key('receipt', id(actionId), id(peerId)),
  /** The frozen set of agents that should answer (protocol D5). */
  expected: (actionId: string) => key('expected', id(actionId)),
  /** The private half of an action's reply key (protocol 3.4). */
  replyKey: (actionId: string) => key('reply-key', id(actionId)),
  /** A sealed answer that is carried for a neighbour (protocol 6.1). */
  carried: (actionId: string, peerId: string) => key('carried', id(actionId), id(peerId)),
  address: (peerId: string) => key('address', id(peerId)),
  meta: (name: string) => key('meta', plainName(name)),
} as const

/** Whole families of `meshKey`, or what belongs to one action. Versions come in ascending order;
 *  the latest is `{ ...meshRange.policy(), reverse: true, limit: 1 }`. */
export const meshRange = {
  action: () => under('action'),
  cancel: (actionId?: string) => under('cancel', actionId),
  root: () => under('root'),
  policy: () => under('policy'),
  invitation: () => under('invitation'),
  certificate: () => under('certificate'),
  heartbeat: () => under('heartbeat'),
  result: (actionId?: string) => under('result', actionId),
  status: (actionId?: string) => under('status', actionId),
  receipt: (actionId?: string) => under('receipt', actionId),
  expected: () => under('expected'),
  replyKey: () => under('reply-key'),
  carried: (actionId?: string) => under('carried', actionId),
  address: () => under('address'),
  meta: () => under('meta'),
} as const

/** Keys of the store beside the gate: replay memory, outbox and detail, which the mesh process never holds. */
export const gateKey = {
  action: (actionId: string) => key('gate-action', id(actionId)),
  outbox: (actionId: string) => key('outbox', id(actionId)),
  detailPage: (actionId: string, page: number) => key('detail', id(actionId), number(page)),
  meta: (name: string) => key('gate-meta', plainName(name)),
} as const

export const gateRange = {
  action: () => under('gate-action'),
  outbox: () => under('outbox'),
  detailPage: (actionId?: string) => under('detail', actionId),
  meta: () => under('gate-meta'),
} as const

/** What a key was made of, without its family: `result/<action>/<peer>` → `[action, peer]`. A version or a page
 *  number is read back with `Number`. */
export function keyParts(ofKey: string): readonly string[] {
  return ofKey.split('/').slice(1)
}

/** Keys are printable ASCII without space, so that every store agrees on their order.
 *  @throws RangeError */
export function assertKey(candidate: string): void {
  if (candidate.length > maxKeyChars || !/^[\x21-\x7e]+$/.test(candidate)) {
    throw new RangeError(`a store key is 1 to ${maxKeyChars} printable ASCII characters`)
  }
}

const separator = '/'
/** The character after the separator: the least text above every key that starts with the prefix. */
const afterSeparator = '0'

function key(...parts: readonly string[]): string {
  return parts.join(separator)
}

function under(family: string, actionId?: string): Range {
  const prefix = actionId === undefined ? family : key(family, id(actionId))
  return { from: prefix + separator, to: prefix + afterSeparator }
}

/** base32, base58 and hex all fit; no separator, no dot, no space. */
function id(text: string): string {
  if (!/^[A-Za-z0-9]{1,128}$/.test(text))
    throw new RangeError('an id in a store key is 1 to 128 letters and digits')
  return text
}

function plainName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(text))
    throw new RangeError('a name in a store key is 1 to 64 letters, digits, dots and hyphens')
  return text
}

/** Sixteen digits hold every safe integer, so that text order is number order. */
function number(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError('a number in a store key is a safe integer from 0')
  return String(value).padStart(16, '0')
}
