import { maxKeyChars } from '../core/limits.ts'
import type { Range } from './store.ts'

/** Every key of the project is made here: `<family>/<part>/<part>`. No part can hold the separator, so that no id,
 *  whoever chose it, can reach into another family or another action. */

// --- The store beside the mesh: what a node carries, knows and collects ---

export const action = (actionId: string): string => key('action', id(actionId))
export const cancel = (actionId: string, fingerprint: string): string =>
  key('cancel', id(actionId), id(fingerprint))
export const root = (version: number): string => key('root', number(version))
export const policy = (version: number): string => key('policy', number(version))
export const invitation = (invitationId: string): string => key('invitation', id(invitationId))
export const certificate = (peerId: string): string => key('certificate', id(peerId))
export const heartbeat = (peerId: string): string => key('heartbeat', id(peerId))
export const result = (actionId: string, peerId: string): string => key('result', id(actionId), id(peerId))
export const status = (actionId: string, peerId: string): string => key('status', id(actionId), id(peerId))
export const receipt = (actionId: string, peerId: string): string => key('receipt', id(actionId), id(peerId))
/** A result whose action is not known here (security V79). */
export const orphan = (actionId: string, peerId: string): string => key('orphan', id(actionId), id(peerId))
/** A second, different result of an agent for one action (security V78). */
export const contradiction = (actionId: string, peerId: string): string =>
  key('contradiction', id(actionId), id(peerId))
/** A sealed page of an agent's whole result that has been fetched (protocol 3.8), and what is held of each result's pages. */
export const fetchedPage = (actionId: string, peerId: string, page: number): string =>
  key('fetched', id(actionId), id(peerId), number(page))
export const fetchedPages = (actionId: string, peerId: string): string =>
  key('fetched-pages', id(actionId), id(peerId))
/** The frozen set of agents that should answer (protocol D5). */
export const expected = (actionId: string): string => key('expected', id(actionId))
/** The private half of an action's reply key (protocol 3.4). */
export const replyKey = (actionId: string): string => key('reply-key', id(actionId))
export const address = (peerId: string): string => key('address', id(peerId))
/** Which item has a mark: its value is the item's key. Read at the start instead of the items. */
export const mark = (set: string, digits: string): string => key('mark', plainName(set), id(digits))
export const meta = (name: string): string => key('meta', plainName(name))

// A family as a whole, or, where it takes one, only what belongs to that action. Versions come in ascending order:
// the latest is `{ ...policyRange(), reverse: true, limit: 1 }`.

export const actionRange = (): Range => under('action')
export const cancelRange = (actionId?: string): Range => under('cancel', actionId)
export const rootRange = (): Range => under('root')
export const policyRange = (): Range => under('policy')
export const invitationRange = (): Range => under('invitation')
export const certificateRange = (): Range => under('certificate')
export const heartbeatRange = (): Range => under('heartbeat')
export const resultRange = (actionId?: string): Range => under('result', actionId)
export const statusRange = (actionId?: string): Range => under('status', actionId)
export const receiptRange = (actionId?: string): Range => under('receipt', actionId)
export const orphanRange = (actionId?: string): Range => under('orphan', actionId)
export const contradictionRange = (actionId?: string): Range => under('contradiction', actionId)
export const fetchedPageRange = (actionId?: string): Range => under('fetched', actionId)
export const fetchedPagesRange = (actionId?: string): Range => under('fetched-pages', actionId)
export const expectedRange = (): Range => under('expected')
export const replyKeyRange = (): Range => under('reply-key')
export const addressRange = (): Range => under('address')
export const markRange = (): Range => under('mark')
export const metaRange = (): Range => under('meta')

// --- The store beside the gate: replay memory, outbox and detail, which the mesh process never holds ---

export const gateAction = (actionId: string): string => key('gate-action', id(actionId))
export const outbox = (actionId: string): string => key('outbox', id(actionId))
export const detailPage = (actionId: string, page: number): string =>
  key('detail', id(actionId), number(page))
export const gateMeta = (name: string): string => key('gate-meta', plainName(name))

export const gateActionRange = (): Range => under('gate-action')
export const outboxRange = (): Range => under('outbox')
export const detailPageRange = (actionId?: string): Range => under('detail', actionId)
export const gateMetaRange = (): Range => under('gate-meta')

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
