import { MigError } from '../../../node/core/error.ts'
import { foldAsciiSet, foldSet } from './case-folding.ts'
import { type CodePointSet, maxCodePoint, negateSet } from './code-point-set.ts'
import { unicodeClass } from './unicode-class.ts'

/** What a character of the text is: a code point of UTF-8 as Go reads it, or a byte. */
export interface Repertoire {
  /** The greatest character. */
  readonly max: number
  fold(set: CodePointSet): CodePointSet
  /** The characters of one literal character of a pattern, one set each. */
  literal(point: number, ignoreCase: boolean): readonly CodePointSet[]
  /** One character that was written as an escape. */
  single(point: number, ignoreCase: boolean): CodePointSet
  /** One character in brackets, or the end of a range. */
  inBrackets(point: number, isLiteral: boolean): number
  unicodeClass(name: string, ignoreCase: boolean): CodePointSet
  /** @param withNewline does `.` match it (flag s)? */
  any(withNewline: boolean): CodePointSet
}

export const codePoints: Repertoire = {
  max: maxCodePoint,
  fold: foldSet,
  literal: (point, ignoreCase) => [codePoints.single(point, ignoreCase)],
  single: (point, ignoreCase) => (ignoreCase ? foldSet([point, point]) : [point, point]),
  inBrackets: (point) => point,
  unicodeClass,
  any: (withNewline) => anyUpTo(maxCodePoint, withNewline),
}

/** `\xNN` is the byte NN; a character beyond ASCII, written literally, its bytes in UTF-8. Case is ASCII's. */
export const singleBytes: Repertoire = {
  max: 0xff,
  fold: foldAsciiSet,
  literal: (point, ignoreCase) => {
    if (point < 0x80) return [singleBytes.single(point, ignoreCase)]
    return [...Buffer.from(String.fromCodePoint(point))].map((byte) => [byte, byte])
  },
  single: (point, ignoreCase) => {
    const byte = singleBytes.inBrackets(point, false)
    return ignoreCase ? foldAsciiSet([byte, byte]) : [byte, byte]
  },
  inBrackets: (point, isLiteral) => {
    if (point <= (isLiteral ? 0x7f : 0xff)) return point
    throw new MigError('bad-regex', `character U+${point.toString(16).toUpperCase()} is not one byte`, {
      hint: 'in a pattern of bytes, escape a byte as \\xNN, and write characters beyond ASCII as they are, outside brackets',
    })
  },
  unicodeClass: (name) => {
    throw new MigError('bad-regex', `class \\p{${name}} in a pattern of bytes`, {
      hint: 'bytes have no Unicode class: use a range, as in [\\x80-\\xff]',
    })
  },
  any: (withNewline) => anyUpTo(0xff, withNewline),
}

function anyUpTo(max: number, withNewline: boolean): CodePointSet {
  return withNewline ? [0, max] : negateSet([0x0a, 0x0a], max)
}
