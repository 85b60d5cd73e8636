import { MigError } from '../../../node/core/error.ts'

export interface NumberRange {
  /** Both ends included. */
  readonly min: number
  readonly max: number
}

/** `1`, `<3` (at most), `>2` (at least): as sizes are written.
 *  @throws MigError `bad-parameters` */
export function parseLinks(text: string): NumberRange {
  const [, sign, digits = ''] = /^([<>]?)([0-9]{1,9})$/.exec(text) ?? []
  if (sign === undefined) {
    throw new MigError(
      'bad-parameters',
      `Invalid number of links '${text}': expected 1, <3 (at most) or >2 (at least)`,
    )
  }
  return rangeOf(sign, Number(digits))
}

const maxEntropy = 8

/** `>7.5`, `<1`: bits of a byte, 0 to 8, the bound included.
 *  @throws MigError `bad-parameters` */
export function parseEntropy(text: string): NumberRange {
  const [, sign, digits = ''] = /^([<>])([0-8](?:\.[0-9]{1,6})?)$/.exec(text) ?? []
  if (sign === undefined || Number(digits) > maxEntropy) {
    throw new MigError(
      'bad-parameters',
      `Invalid entropy '${text}': expected >7.5 or <1, bits of a byte from 0 to 8`,
    )
  }
  return rangeOf(sign, Number(digits))
}

function rangeOf(sign: string, value: number): NumberRange {
  if (sign === '<') return { min: 0, max: value }
  return { min: value, max: sign === '>' ? Number.POSITIVE_INFINITY : value }
}
