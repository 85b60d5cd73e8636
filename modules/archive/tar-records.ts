import { corrupt } from './archive-error.ts'

/** The records of a pax header: `LENGTH key=value\n`, the length counting itself.
 *  @throws ArchiveError `corrupt-data` */
export function parsePaxRecords(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 || space - at > 10 ? '' : bytes.toString('latin1', at, space)
    const lengthBytes = /^[0-9]+$/.test(digits) ? Number(digits) : 0
    const record = bytes.subarray(space + 1, at + lengthBytes - 1)
    const equals = record.indexOf(0x3d)
    const end = at + lengthBytes
    if (lengthBytes === 0 || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0) throw corrupt()
    records.set(record.toString('latin1', 0, equals), Buffer.from(record.subarray(equals + 1)))
    at = end
  }
  return records
}

/** A decimal number, `undefined` when it is not there. @throws ArchiveError */
export function paxNumber(value: Buffer | undefined): number | undefined {
  if (value === undefined) return undefined
  const text = value.toString('latin1')
  if (!/^[0-9]{1,15}$/.test(text)) throw corrupt()
  return Number(text)
}

/** Seconds with a fraction, in nanoseconds. @throws ArchiveError */
export function paxTime(value: Buffer | undefined): bigint | undefined {
  if (value === undefined) return undefined
  const [, sign, seconds = '', fraction = ''] =
    /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1')) ?? []
  if (sign === undefined) throw corrupt()
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
  return sign === '-' ? -ns : ns
}
