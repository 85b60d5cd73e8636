// Packed pairs: a literal may be where two of its rarer bytes are, looked at for 64 places at a time.
// @see Muła, SIMD-friendly algorithms for substring searching ("generic SIMD")

// A needle, of 8 words: first byte, its fold, its offset; the same of the second byte; length; 64 bytes of text and 64 of folds at the address
// in the last word. A byte of a text is or'ed with its fold (0x20 for a letter in any case) before it is compared.
const needleBytes: usize = 32
const foldsAt: usize = 64

// Words in `state`: where to go on; comparisons that may still be made; then what was found, place and needle by turns.
const foundAt: usize = 8

// @ts-ignore: decorator
@inline
function word(needles: usize, needle: i32, at: i32): i32 {
  return load<i32>(needles + <usize>needle * needleBytes + (<usize>at << 2))
}

// @ts-ignore: decorator
@inline
function pair(p: usize, a: v128, af: v128, b: v128, bf: v128, ao: usize, bo: usize): v128 {
  return v128.and(
    i8x16.eq(v128.or(v128.load(p + ao), af), a),
    i8x16.eq(v128.or(v128.load(p + bo), bf), b),
  )
}

function isAt(p: usize, text: usize, length: i32): bool {
  for (let i: i32 = 0; i < length; i++) {
    if ((load<u8>(p + i) | load<u8>(text + foldsAt + i)) != load<u8>(text + i)) return false
  }
  return true
}

/** Looks closer at the places of one block.
 *  @param mask a bit for each place
 *  @returns how many were found in all; the bits left are those of places for which there was neither room nor patience */
function verify(
  hay: usize, block: i32, to: i32, mask: u64, count: i32, needles: usize, found: i32, room: i32, state: usize,
): i32 {
  while (mask) {
    const at = block + <i32>ctz(mask)
    if (found + count > room || load<i32>(state + 4) < 0) {
      store<i32>(state, at)
      return found
    }
    mask &= mask - 1
    for (let needle: i32 = 0; needle < count; needle++) {
      const length = word(needles, needle, 6)
      store<i32>(state + 4, load<i32>(state + 4) - 1)
      if (at + length > to || !isAt(hay + at, <usize>word(needles, needle, 7), length)) continue
      store<i32>(state + foundAt + (<usize>found << 3), at)
      store<i32>(state + foundAt + 4 + (<usize>found << 3), needle)
      found++
    }
  }
  store<i32>(state, block + 64)
  return found
}

// @ts-ignore: decorator
@inline
function mask64(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    (<u64>(<u32>i8x16.bitmask(b)) << 16) |
    (<u64>(<u32>i8x16.bitmask(c)) << 32) |
    (<u64>(<u32>i8x16.bitmask(d)) << 48)
  )
}

/** One needle in its own case.
 *  @param room occurrences that `state` has room for
 *  @returns how many were found; all there are up to the place in `state` */
export function findExact(hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  const a = i8x16.splat(<i8>word(needles, 0, 0))
  const b = i8x16.splat(<i8>word(needles, 0, 3))
  const ao = <usize>word(needles, 0, 2)
  const bo = <usize>word(needles, 0, 5)
  let found: i32 = 0
  for (let i = from; i < to; i += 64) {
    const p = hay + i
    const k = v128.and(i8x16.eq(v128.load(p + ao), a), i8x16.eq(v128.load(p + bo), b))
    const l = v128.and(i8x16.eq(v128.load(p + 16 + ao), a), i8x16.eq(v128.load(p + 16 + bo), b))
    const m = v128.and(i8x16.eq(v128.load(p + 32 + ao), a), i8x16.eq(v128.load(p + 32 + bo), b))
    const n = v128.and(i8x16.eq(v128.load(p + 48 + ao), a), i8x16.eq(v128.load(p + 48 + bo), b))
    if (v128.any_true(v128.or(v128.or(k, l), v128.or(m, n)))) {
      found = verify(hay, i, to, mask64(k, l, m, n), 1, needles, found, room, state)
      if (load<i32>(state) != i + 64) return found
    }
  }
  store<i32>(state, to)
  return found
}

/** @param n how many needles, known when this is compiled */
// @ts-ignore: decorator
@inline
function find(n: i32, hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  const second = n > 1 ? 1 : 0, third = n > 2 ? 2 : 0, fourth = n > 3 ? 3 : 0
  const a1 = i8x16.splat(<i8>word(needles, 0, 0)), a2 = i8x16.splat(<i8>word(needles, 0, 3))
  const af = i8x16.splat(<i8>word(needles, 0, 1)), ag = i8x16.splat(<i8>word(needles, 0, 4))
  const ao = <usize>word(needles, 0, 2), ap = <usize>word(needles, 0, 5)
  const b1 = i8x16.splat(<i8>word(needles, second, 0)), b2 = i8x16.splat(<i8>word(needles, second, 3))
  const bf = i8x16.splat(<i8>word(needles, second, 1)), bg = i8x16.splat(<i8>word(needles, second, 4))
  const bo = <usize>word(needles, second, 2), bp = <usize>word(needles, second, 5)
  const c1 = i8x16.splat(<i8>word(needles, third, 0)), c2 = i8x16.splat(<i8>word(needles, third, 3))
  const cf = i8x16.splat(<i8>word(needles, third, 1)), cg = i8x16.splat(<i8>word(needles, third, 4))
  const co = <usize>word(needles, third, 2), cp = <usize>word(needles, third, 5)
  const d1 = i8x16.splat(<i8>word(needles, fourth, 0)), d2 = i8x16.splat(<i8>word(needles, fourth, 3))
  const df = i8x16.splat(<i8>word(needles, fourth, 1)), dg = i8x16.splat(<i8>word(needles, fourth, 4))
  const d0 = <usize>word(needles, fourth, 2), dp = <usize>word(needles, fourth, 5)
  let found: i32 = 0
  for (let i = from; i < to; i += 64) {
    const p = hay + i
    let k = pair(p, a1, af, a2, ag, ao, ap), l = pair(p + 16, a1, af, a2, ag, ao, ap)
    let m = pair(p + 32, a1, af, a2, ag, ao, ap), o = pair(p + 48, a1, af, a2, ag, ao, ap)
    if (n > 1) {
      k = v128.or(k, pair(p, b1, bf, b2, bg, bo, bp))
      l = v128.or(l, pair(p + 16, b1, bf, b2, bg, bo, bp))
      m = v128.or(m, pair(p + 32, b1, bf, b2, bg, bo, bp))
      o = v128.or(o, pair(p + 48, b1, bf, b2, bg, bo, bp))
    }
    if (n > 2) {
      k = v128.or(k, pair(p, c1, cf, c2, cg, co, cp))
      l = v128.or(l, pair(p + 16, c1, cf, c2, cg, co, cp))
      m = v128.or(m, pair(p + 32, c1, cf, c2, cg, co, cp))
      o = v128.or(o, pair(p + 48, c1, cf, c2, cg, co, cp))
    }
    if (n > 3) {
      k = v128.or(k, pair(p, d1, df, d2, dg, d0, dp))
      l = v128.or(l, pair(p + 16, d1, df, d2, dg, d0, dp))
      m = v128.or(m, pair(p + 32, d1, df, d2, dg, d0, dp))
      o = v128.or(o, pair(p + 48, d1, df, d2, dg, d0, dp))
    }
    if (v128.any_true(v128.or(v128.or(k, l), v128.or(m, o)))) {
      found = verify(hay, i, to, mask64(k, l, m, o), n, needles, found, room, state)
      if (load<i32>(state) != i + 64) return found
    }
  }
  store<i32>(state, to)
  return found
}

/** Needles in any case. @see findExact */
export function find1(hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  return find(1, hay, from, to, needles, room, state)
}

export function find2(hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  return find(2, hay, from, to, needles, room, state)
}

export function find3(hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  return find(3, hay, from, to, needles, room, state)
}

export function find4(hay: usize, from: i32, to: i32, needles: usize, room: i32, state: usize): i32 {
  return find(4, hay, from, to, needles, room, state)
}
