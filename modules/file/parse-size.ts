import { MigError } from '../../node/core/error.ts'

/** Bytes, both ends included. */
export interface SizeRange {
  readonly min: bigint
  readonly max: bigint
}

const form = /^([<>]?)([0-9]{1,40})([kmgt]?)$/
const shifts: Readonly<Record<string, bigint>> = { '': 0n, k: 10n, m: 20n, g: 30n, t: 40n }
const largest = 2n ** 63n - 1n

/** `1024`, `<1k` (0 to 1024), `>10m` (10 MiB and more); k, m, g, t are powers of 1024.
 *  @throws MigError `bad-parameters` */
export function parseSize(text: string): SizeRange {
  const [, sign, digits = '', unit = ''] = form.exec(text) ?? []
  const bytes = sign === undefined ? largest + 1n : BigInt(digits) << (shifts[unit] ?? 0n)
  if (sign === undefined) {
    throw new MigError('bad-parameters', `Invalid size format for size '${text}': expected 1024, <1k or >10m`)
  }
  if (bytes > largest) throw new MigError('bad-parameters', `size '${text}' is out of range`)
  if (sign === '<') return { min: 0n, max: bytes }
  return { min: bytes, max: sign === '>' ? largest : bytes }
}
