import { replacementPoint } from '../syntax/code-point-set.ts'

/** The first bytes of a sequence of which more may come, at most three, the first in the lowest eight bits; 0 for none. */
export type Pending = number

export const nonePending: Pending = 0

export interface Decoded {
  /** The characters that are certain now, in their order. */
  readonly points: readonly number[]
  readonly pending: Pending
}

/** Decodes one byte as Go does: each byte that is not part of a valid sequence is one U+FFFD, and decoding goes on behind it.
 *  @see Unicode 15, table 3-7 */
export function decodeByte(pending: Pending, byte: number): Decoded {
  if (pending === nonePending) return beginning(byte)
  const length = pendingLength(pending)
  const [lowest, highest] = nextBytes(pending, length)
  if (byte < lowest || byte > highest) {
    const { points, pending: begun } = beginning(byte)
    return { points: [...abandoned(pending), ...points], pending: begun }
  }
  if (length + 1 < sequenceLength(pending & 0xff)) {
    return { points: [], pending: pending | (byte << (8 * length)) }
  }
  return { points: [partialValue(pending) * 64 + (byte & 0x3f)], pending: nonePending }
}

/** What bytes are read as when the rest of their sequence does not come. The later ones are continuation bytes, so none of
 *  them begins a sequence. */
export function abandoned(pending: Pending): readonly number[] {
  return pending === nonePending ? [] : Array<number>(pendingLength(pending)).fill(replacementPoint)
}

/** First and last of the characters that a sequence may become. */
export function reachable(pending: Pending): readonly [number, number] {
  const length = pendingLength(pending)
  const missing = sequenceLength(pending & 0xff) - length - 1
  const [lowest, highest] = nextBytes(pending, length)
  const value = partialValue(pending)
  const first = value * 64 + (lowest & 0x3f)
  const last = value * 64 + (highest & 0x3f)
  return [first * 64 ** missing, (last + 1) * 64 ** missing - 1]
}

/** What may be said of a sequence besides what it may become: its length, how much there is, what byte may follow. */
export function shapeOf(pending: Pending): number {
  const length = pendingLength(pending)
  const [lowest, highest] = nextBytes(pending, length)
  return sequenceLength(pending & 0xff) | (length << 4) | (lowest << 8) | (highest << 16)
}

/** Where bytes above 0x7f begin to be treated otherwise by the decoder itself. */
export const decoderCuts: readonly number[] = [
  0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1, 0xf4, 0xf5,
]

function beginning(byte: number): Decoded {
  if (byte < 0x80) return { points: [byte], pending: nonePending }
  if (byte < 0xc2 || byte > 0xf4) return { points: [replacementPoint], pending: nonePending }
  return { points: [], pending: byte }
}

function pendingLength(pending: Pending): number {
  return pending > 0xffff ? 3 : pending > 0xff ? 2 : 1
}

function sequenceLength(lead: number): number {
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

function nextBytes(pending: Pending, length: number): readonly [number, number] {
  if (length > 1) return [0x80, 0xbf]
  if (pending === 0xe0) return [0xa0, 0xbf]
  if (pending === 0xed) return [0x80, 0x9f]
  if (pending === 0xf0) return [0x90, 0xbf]
  if (pending === 0xf4) return [0x80, 0x8f]
  return [0x80, 0xbf]
}

function partialValue(pending: Pending): number {
  const lead = pending & 0xff
  let value = lead & (lead < 0xe0 ? 0x1f : lead < 0xf0 ? 0x0f : 0x07)
  for (let rest = pending >> 8; rest > 0; rest >>= 8) value = value * 64 + (rest & 0x3f)
  return value
}
