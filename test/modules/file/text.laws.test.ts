import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLossy } from '../../../modules/file/decode-lossy.ts'
import { displayPath } from '../../../modules/file/display-path.ts'

/** Bytes that are mostly well-formed or nearly so: random ones alone would hardly ever be. */
const oddBytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('\n', '\r', '\r\n', '\n\n', 'e\u0301', '\ufeff').map((text) => Buffer.from(text)),
      fc
        .constantFrom('eda080', 'c080', 'f4908080', 'e282', 'f09f98', 'ff', 'efbfbd')
        .map((hex) => Buffer.from(hex, 'hex')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts))

/** Go's rule, spelt out: the longest valid character at each place, else one byte that reads as U+FFFD. */
function naiveDecode(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => isOneCharacter(bytes.subarray(at, at + count), count))
    text += length === undefined ? '\ufffd' : bytes.toString('utf8', at, at + length)
    at += length ?? 1
  }
  return text
}

function isOneCharacter(bytes: Buffer, count: number): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return bytes.length === count && [...text].length === 1
  } catch {
    return false
  }
}

describe('decodeLossy', () => {
  it('reads as Go does, for any bytes', () => {
    fc.assert(
      fc.property(oddBytes, (bytes) => {
        expect(decodeLossy(bytes)).toBe(naiveDecode(bytes))
      }),
    )
  })

  it('reads each byte that is not UTF-8 as one U+FFFD', () => {
    const read = (hex: string) => decodeLossy(Buffer.from(hex, 'hex'))
    expect(read('fffe')).toBe('\ufffd\ufffd')
    // TextDecoder makes one of these.
    expect(read('e28241')).toBe('\ufffd\ufffdA')
    expect(read('eda080')).toBe('\ufffd\ufffd\ufffd')
    expect(read('f09f9880ff')).toBe('😀\ufffd')
    expect(read('efbbbf41')).toBe('\ufeffA')
    expect(read('')).toBe('')
  })
})

describe('displayPath', () => {
  it('keeps the bytes of any path, and hides nothing of one that is UTF-8', () => {
    fc.assert(
      fc.property(oddBytes, (bytes) => {
        const { file, rawfile } = displayPath(bytes)
        if (rawfile === undefined) expect(Buffer.from(file).equals(bytes)).toBe(true)
        else expect(Buffer.from(rawfile, 'base64').equals(bytes)).toBe(true)
        expect(file.isWellFormed()).toBe(true)
      }),
    )
  })

  it('writes each bad byte as two hexadecimal digits', () => {
    expect(displayPath(Buffer.from('2fc3a4e282ff', 'hex')).file).toBe('/ä\\xe2\\x82\\xff')
    expect(displayPath(Buffer.from('/a\\xff')).rawfile).toBeUndefined()
  })
})
