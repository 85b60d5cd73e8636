import { ByteReader, concat, uvarint } from '../core/bytes.ts'
import { hexEncode } from '../core/encoding.ts'
import { type ItemKind, itemKinds } from './item.ts'
import { type Mark, markBytes, markDigits } from './mark.ts'

/** What one side says, in one turn, of its marks of a kind that begin with `prefix` (hex digits; '' for all).
 *  `children`: the fingerprints of the sixteen parts one digit further, '' where it has none.
 *  `whole`: it has these and no others; the answer is what is missing.
 *  `missing`: it has these, which the other has not. Needs no answer. */
export type Range = Part &
  (
    | { readonly says: 'children'; readonly fingerprints: readonly string[] }
    | { readonly says: 'whole'; readonly marks: readonly Mark[] }
    | { readonly says: 'missing'; readonly marks: readonly Mark[] }
  )
export interface Part {
  readonly kind: ItemKind
  readonly prefix: string
}

const forms = ['children', 'whole', 'missing'] as const
const fingerprintBytes = 32

/** `uvarint(kind) ‖ form ‖ digits ‖ prefix ‖ content`, repeated. Content: a bit for each child that is there, the lowest first
 *  (16 bits, the high byte first), and 32 bytes for each of them; or `uvarint(count)` and the marks. */
export function encodeTurn(ranges: readonly Range[]): Uint8Array {
  return concat(ranges.flatMap(partsOf))
}

function partsOf(range: Range): readonly Uint8Array[] {
  const { kind, prefix, says } = range
  const head = [
    uvarint(itemKinds.indexOf(kind)),
    Uint8Array.of(forms.indexOf(says), prefix.length),
    bytesOf(prefix.length % 2 === 0 ? prefix : `${prefix}0`),
  ]
  if (range.says !== 'children') return [...head, uvarint(range.marks.length), bytesOf(range.marks.join(''))]
  const bits = range.fingerprints.reduce((sum, text, digit) => (text === '' ? sum : sum | (1 << digit)), 0)
  return [...head, Uint8Array.of(bits >>> 8, bits & 0xff), bytesOf(range.fingerprints.join(''))]
}

/** What a range takes in a turn; at most so many bytes. */
export function sizeOfRange(range: Range): number {
  const content =
    range.says === 'children'
      ? 2 + range.fingerprints.filter((text) => text !== '').length * fingerprintBytes
      : 5 + range.marks.length * markBytes
  return 3 + Math.ceil(range.prefix.length / 2) + content
}

/** Undefined unless the bytes are one turn: parts in ascending order, none twice; marks ascending and within their part. */
export function decodeTurn(bytes: Uint8Array): readonly Range[] | undefined {
  const reader = new ByteReader(bytes)
  const ranges: Range[] = []
  let last = ''
  while (!reader.done) {
    const range = readRange(reader)
    if (range === undefined) return undefined
    const place = placeOfPart(range)
    if (place <= last) return undefined
    last = place
    ranges.push(range)
  }
  return ranges
}

/** Parts compare as these texts do. */
export function placeOfPart({ kind, prefix }: Part): string {
  return `${String.fromCharCode(0x41 + itemKinds.indexOf(kind))}${prefix}`
}

function readRange(reader: ByteReader): Range | undefined {
  const kind = itemKinds[reader.uvarint() ?? itemKinds.length]
  const [form = forms.length, digits = 0] = reader.take(2) ?? []
  const says = forms[form]
  const packed = reader.take(Math.ceil(digits / 2))
  if (kind === undefined || says === undefined || packed === undefined || digits > markDigits)
    return undefined
  const text = hexEncode(packed)
  const prefix = text.slice(0, digits)
  // One spelling of each prefix.
  if (text !== (digits % 2 === 0 ? prefix : `${prefix}0`)) return undefined
  if (says === 'children') {
    const fingerprints = digits < markDigits ? readFingerprints(reader) : undefined
    return fingerprints === undefined ? undefined : { kind, prefix, says, fingerprints }
  }
  const marks = readMarks(reader, prefix)
  return marks === undefined ? undefined : { kind, prefix, says, marks }
}

function readFingerprints(reader: ByteReader): readonly string[] | undefined {
  const [high, low] = reader.take(2) ?? []
  if (high === undefined || low === undefined) return undefined
  const fingerprints: string[] = []
  for (let digit = 0; digit < 16; digit++) {
    const isThere = ((high * 256 + low) >>> digit) & 1
    const bytes = isThere ? reader.take(fingerprintBytes) : new Uint8Array(0)
    if (bytes === undefined) return undefined
    fingerprints.push(hexEncode(bytes))
  }
  return fingerprints
}

function readMarks(reader: ByteReader, prefix: string): readonly Mark[] | undefined {
  const count = reader.uvarint()
  const bytes = count === undefined ? undefined : reader.take(count * markBytes)
  return bytes === undefined ? undefined : marksIn(bytes, prefix)
}

/** Marks one after the other, ascending, each beginning with the prefix. Undefined when they are not that. */
export function marksIn(bytes: Uint8Array, prefix = ''): readonly Mark[] | undefined {
  if (bytes.length % markBytes !== 0) return undefined
  const text = hexEncode(bytes)
  const marks: Mark[] = []
  let last = ''
  for (let at = 0; at < text.length; at += markDigits) {
    const mark = text.slice(at, at + markDigits) as Mark // 32 hex digits, as a mark is
    if (mark <= last || !mark.startsWith(prefix)) return undefined
    marks.push(mark)
    last = mark
  }
  return marks
}

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
