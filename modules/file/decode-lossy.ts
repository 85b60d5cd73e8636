import { isAscii, isUtf8 } from 'node:buffer'

const replacement = 0xfffd

/** Text as Go sees it: each byte that is not part of valid UTF-8 reads as one U+FFFD (TextDecoder makes one of several). */
export function decodeLossy(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  return decodeInvalid(bytes)
}

function decodeInvalid(bytes: Buffer): string {
  // Never more UTF-16 units than bytes: four bytes make two units, everything else at most one a byte.
  const units = new Uint16Array(bytes.length)
  let count = 0
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number
    if (lead < 0x80) {
      units[count++] = lead
      at += 1
      continue
    }
    const length = sequenceLength(bytes, at)
    if (length === 0) {
      units[count++] = replacement
      at += 1
      continue
    }
    let point = lead & (0x7f >> length)
    for (let i = 1; i < length; i++) point = (point << 6) | ((bytes[at + i] as number) & 0x3f)
    if (point > 0xffff) {
      units[count++] = 0xd800 + ((point - 0x10000) >> 10)
      units[count++] = 0xdc00 + ((point - 0x10000) & 0x3ff)
    } else {
      units[count++] = point
    }
    at += length
  }
  return Buffer.from(units.buffer, 0, count * 2).toString('utf16le')
}

/** Bytes of the valid sequence of two to four bytes at `at`, 0 when there is none.
 *  @see Unicode 15, table 3-7 */
export function sequenceLength(bytes: Uint8Array, at: number): 0 | 2 | 3 | 4 {
  const lead = bytes[at] as number
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (at + length > bytes.length) return 0
  const second = bytes[at + 1] as number
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0
  return length
}
