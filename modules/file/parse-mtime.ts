import { MigError } from '../../node/core/error.ts'

/** Modified later (or earlier) than `ageNs` before the start of the run; the instant itself is neither. */
export interface MtimeBound {
  readonly side: 'newer' | 'older'
  readonly ageNs: bigint
}

const form = /^([<>])([0-9]{1,19})([dhm])$/
const minuteNs = 60_000_000_000n
const units: Readonly<Record<string, bigint>> = { m: minuteNs, h: 60n * minuteNs, d: 1440n * minuteNs }

/** `<90d` modified in the last 90 days or in the future, `>2h` before the last two hours; `m` is minutes.
 *  @throws MigError `bad-parameters` */
export function parseMtime(text: string): MtimeBound {
  return parseAge(text, 'mtime')
}

/** The same of another time. @throws MigError `bad-parameters` */
export function parseAge(text: string, time: string): MtimeBound {
  const [, sign, digits = '', unit = ''] = form.exec(text) ?? []
  const unitNs = units[unit]
  if (sign === undefined || unitNs === undefined) {
    throw new MigError(
      'bad-parameters',
      `Invalid ${time} format for ${time} '${text}': expected <90d, >5h or <30m`,
    )
  }
  return { side: sign === '<' ? 'newer' : 'older', ageNs: BigInt(digits) * unitNs }
}
