import { expect, test } from 'vitest'
import { parseFingerprint } from '../../node/core/fingerprint.ts'

test.each([40, 64])('reads %d hex digits in any case and writes them in capitals', (length) => {
  expect(parseFingerprint('aB09'.repeat(length / 4))).toBe('AB09'.repeat(length / 4))
})

test.each([
  ['a key id of 16 digits', 'A'.repeat(16)],
  ['a short key id', 'A'.repeat(8)],
  ['a version 6 fingerprint that was cut', 'A'.repeat(63)],
  ['one digit too few', 'A'.repeat(39)],
  ['one digit too many', 'A'.repeat(41)],
  ['0x', `0x${'A'.repeat(38)}`],
  ['0x before a whole one', `0x${'A'.repeat(40)}`],
  ['blanks as gpg prints them', 'AAAA AAAA AAAA AAAA AAAA  AAAA AAAA AAAA AAAA AAAA'],
  ['a blank at the end', `${'A'.repeat(40)} `],
  ['a line end', `${'A'.repeat(40)}\n`],
  ['a letter that is no digit', `${'A'.repeat(39)}G`],
  ['a full-width letter', `${'A'.repeat(39)}\uff21`],
  ['nothing', ''],
])('V51 does not guess at %s', (_, text) => {
  expect(parseFingerprint(text)).toBeUndefined()
})
