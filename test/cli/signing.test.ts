import { describe, expect, it } from 'vitest'
import { isNamed } from '../../cli/signing.ts'
import type { Fingerprint } from '../../node/core/fingerprint.ts'

const fingerprint = 'A'.repeat(40) as Fingerprint
const alice = {
  fingerprint,
  userIds: ['Alice Adams <alice@example.org>', 'A. Adams (work) <adams@work.example>'],
}
const malice = {
  fingerprint: 'B'.repeat(40) as Fingerprint,
  userIds: ['Mallory Malice <malice@example.org>'],
}

describe('the words that name a key', () => {
  it.each([
    'Alice',
    'alice adams',
    'ADAMS',
    'alice@example.org',
    '<alice@example.org>',
    'alice@',
    'Alice Adams <alice@example.org>',
    'A. Adams',
    '@work.example',
    'work.example',
    fingerprint,
    `0x${fingerprint.toLowerCase()}`,
  ])('are %s for Alice alone', (text) => {
    expect([isNamed(alice, text), isNamed(malice, text)]).toEqual([true, false])
  })

  it('name everybody who has them', () => {
    expect([isNamed(alice, 'example.org'), isNamed(malice, 'example.org')]).toEqual([true, true])
  })

  it.each([
    'lice',
    'Ali',
    'lice@example.org',
    'alice@example',
    'Adams Alice',
    'Alice Adams Adams',
    '',
    ' ',
    '@',
    'A'.repeat(16),
  ])('are not %j', (text) => {
    expect([isNamed(alice, text), isNamed(malice, text)]).toEqual([false, false])
  })
})
