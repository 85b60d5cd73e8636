import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, concat, equalBytes, prefixed, uvarint } from '../../node/core/bytes.ts'

test('joins parts in order, and none at all', () => {
  expect(concat([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3))
  expect(concat([])).toEqual(new Uint8Array(0))
})

test('compares content and length', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false)
  expect(equalBytes(Uint8Array.of(1, 0), Uint8Array.of(1))).toBe(false)
  expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
})

test.each([
  [0, [0]],
  [1, [1]],
  [127, [0x7f]],
  [128, [0x80, 1]],
  [300, [0xac, 2]],
  [16_383, [0xff, 0x7f]],
  [16_384, [0x80, 0x80, 1]],
  [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 7]],
])('writes %d as protobuf does, and reads it', (value, bytes) => {
  expect([...uvarint(value)]).toEqual(bytes)
  expect(new ByteReader(Uint8Array.from(bytes)).uvarint()).toBe(value)
})

test.each([-1, 1.5, 2 ** 31, Number.NaN])('writes no %d, which nobody would read', (value) => {
  expect(() => uvarint(value)).toThrow(RangeError)
})

test.each([
  ['nothing', []],
  ['a number without end', [0x80]],
  ['a longer spelling of 0', [0x80, 0]],
  ['a longer spelling of 1', [0x81, 0]],
  ['2^31', [0x80, 0x80, 0x80, 0x80, 8]],
  ['2^35', [0x80, 0x80, 0x80, 0x80, 0x80, 1]],
  ['ten bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
])('reads no number from %s', (_, bytes) => {
  expect(new ByteReader(Uint8Array.from(bytes)).uvarint()).toBeUndefined()
})

test('reads every number in one spelling only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const reader = new ByteReader(bytes)
      const value = reader.uvarint()
      if (value === undefined) return
      const used = bytes.length - reader.rest().length
      expect(uvarint(value)).toEqual(bytes.slice(0, used))
    }),
  )
})

test('takes up to the last byte and not one beyond', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3))
  expect(reader.take(4)).toBeUndefined()
  expect(reader.take(-1)).toBeUndefined()
  expect(reader.take(2)).toEqual(Uint8Array.of(1, 2))
  expect(reader.done).toBe(false)
  expect(reader.take(2)).toBeUndefined()
  expect(reader.rest()).toEqual(Uint8Array.of(3))
  expect(reader.done).toBe(true)
  expect(reader.take(0)).toEqual(new Uint8Array(0))
  expect(reader.rest()).toEqual(new Uint8Array(0))
})

test('reads back parts with their length before them, up to the bound', () => {
  const parts = [new Uint8Array(0), Uint8Array.of(9), new Uint8Array(200).fill(7)]
  const reader = new ByteReader(concat(parts.map(prefixed)))
  expect(parts.map(() => reader.prefixed(200))).toEqual(parts)
  expect(reader.done).toBe(true)
  expect(new ByteReader(prefixed(new Uint8Array(200))).prefixed(199)).toBeUndefined()
  expect(new ByteReader(Uint8Array.of(5, 1)).prefixed(200)).toBeUndefined()
})

test('does not read outside of a view into other bytes', () => {
  const whole = Uint8Array.of(0, 3, 1, 2, 3, 4)
  expect(new ByteReader(whole.subarray(1, 4)).prefixed(10)).toBeUndefined()
  expect(new ByteReader(whole.subarray(1, 5)).prefixed(10)).toEqual(Uint8Array.of(1, 2, 3))
})
