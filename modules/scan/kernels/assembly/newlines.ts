/** How many bytes from `from` up to, and without, `to` are newlines. */
export function newlines(hay: usize, from: i32, to: i32): i32 {
  const newline = i8x16.splat(0x0a)
  let count: i32 = 0
  let i = from
  for (; i + 16 <= to; i += 16) count += popcnt(i8x16.bitmask(i8x16.eq(v128.load(hay + i), newline)))
  for (; i < to; i++) count += i32(load<u8>(hay + i) == 0x0a)
  return count
}
