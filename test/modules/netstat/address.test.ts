import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Address,
  formatAddress,
  parseAddress,
  parseAddressRange,
} from '../../../modules/netstat/address.ts'
import { parseHexAddress } from '../../../modules/netstat/parse-proc-net.ts'
import { askAddresses } from '../../../modules/netstat/queries.ts'

test.each([
  ['0100007F', '127.0.0.1'], // NS01
  ['0101A8C0', '192.168.1.1'], // NS03
  ['2E01A8C0', '192.168.1.46'], // NS04
  ['B80D01200000000067452301EFCDAB89', '2001:db8::123:4567:89ab:cdef'], // NS10
  ['000080FE00000000FF005450B14EA3FE', 'fe80::5054:ff:fea3:4eb1'], // NS11
  ['0000000000000000FFFF0000040302FF', '255.2.3.4'],
  ['00000000000000000000000000000000', '::'],
])('decodes the kernel hex %s', (hex, text) => {
  expect(formatAddress(parseHexAddress(hex))).toBe(text)
})

test.each([
  '10.0.0.0/8', // NS14
  '10.0.0.5/8', // NS15
  '2001:db8::/32', // NS16
  '::ffff:1.2.3.4', // NS18
  '1.2.3.4',
  '0.0.0.0/0',
  '::/0',
  '::',
  '1:2:3:4:5:6:7::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:1.2.3.4',
  'FE80::1',
  '::ffff:0:0/90',
])('accepts %s', (text) => {
  expect(parseAddressRange(text)).toBeDefined()
})

test.each([
  '10.0.0.0/33', // NS19
  '10.0.0', // NS20
  'abc', // NS21
  '/24', // NS23
  'fe80::1%eth0', // NS25
  '1.2.3.4 ', // NS26
  '',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.4/',
  '1.2.3.4/-1',
  '1.2.3.4/8/8',
  '2001:db8::/129',
  '::ffff:1.2.3.4/129',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  ':1',
  '1:',
  ':::',
  '1.2.3.4::',
  '1.2.3.4:5::',
  `${'0:'.repeat(5000)}1`,
])('refuses %j', (text) => {
  expect(parseAddressRange(text)).toBeUndefined()
})

test.each([
  ['10.255.0.1', '10.0.0.5/8', true],
  ['11.0.0.0', '10.0.0.5/8', false],
  ['1.2.3.4', '1.2.3.4', true],
  ['1.2.3.5', '1.2.3.4', false],
  ['::ffff:10.1.1.1', '10.0.0.0/8', true],
  ['10.1.1.1', '::ffff:10.0.0.0/104', true],
  ['11.1.1.1', '::ffff:10.0.0.0/104', false],
  ['10.1.1.1', '::/0', false],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['2001:db8:ffff::1', '2001:db8::/32', true],
  ['2001:db9::', '2001:db8::/32', false],
])('%s lies in %s: %s', (address, range, expected) => {
  expect(askAddresses([range])(parseAddress(address) as Address)).toEqual(expected ? [range] : [])
})

test.each([
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['0:0:1::', '0:0:1::'],
  ['1:0:0:1:0:0:1:1', '1::1:0:0:1:1'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
])('prints %s as %s', (text, printed) => {
  expect(formatAddress(parseAddress(text) as Address)).toBe(printed)
})

test('reads back every address that it prints', () => {
  const addresses = fc.oneof(
    fc.record({ family: fc.constant(4 as const), value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }) }),
    fc.record({
      family: fc.constant(6 as const),
      // Zeros in the middle are what the short form is about.
      value: fc
        .array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), {
          minLength: 8,
          maxLength: 8,
        })
        .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n))
        .filter((value) => value >> 32n !== 0xffffn),
    }),
  )
  fc.assert(
    fc.property(addresses, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address)
    }),
  )
})
