// The skipping of Wu and Manber: a place may hold a literal when the last three bytes of its window end the window of one.
// @see ../../literals/wu-manber.ts for the tables, which are the same


// @ts-ignore: decorator
@inline
function shift(h: usize, shifts: usize): i32 {
  return <i32>load<u8>(shifts + ((((load<u32>(h) | 0x202020) & 0xffffff) * 0x9e3779b1) >>> 16))
}

/** Ones for the bytes that a window has of its first eight. */
function beginning(window: i32): u64 {
  return window < 8 ? ((<u64>1) << (<u64>window << 3)) - 1 : ~(<u64>0)
}

/** Does some literal begin so? A bit of the filter says, by hash of those bytes.
 *  @param begin see `beginning` */
// @ts-ignore: decorator
@inline
function begins(h: usize, filter: usize, begin: u64): bool {
  const eight = (load<u64>(h) | 0x2020202020202020) & begin
  const hash = ((<u32>eight * 0x9e3779b1) ^ (<u32>(eight >>> 32) * 0x85ebca6b)) >>> 16
  return ((load<u8>(filter + (hash >>> 3)) >>> <u8>(hash & 7)) & 1) != 0
}

/** One place after the other, from the end of the first window on.
 *  @param to behind the last byte that a window may hold
 *  @param state first word: the window with which to go on; then the windows that may hold a literal
 *  @returns how many these are */
export function skip1(hay: usize, from: i32, to: i32, shifts: usize, filter: usize, window: i32, room: i32, state: usize): i32 {
  const o = window - 3
  const begin = beginning(window)
  const last = to - 3
  let count: i32 = 0
  let a = from + o
  while (a <= last) {
    let s = shift(hay + a, shifts)
    if (!s) {
      s = 1
      if (begins(hay + a - o, filter, begin)) {
        if (count == room) break
        store<i32>(state + 4 + (<usize>count << 2), a - o)
        count++
      }
    }
    a += s
  }
  store<i32>(state, a - o)
  return count
}

/** Four quarters of the text at once, so that the look-ups of one hide the waiting of another.
 *  @param state a word for the number of windows in each quarter, then four times `room` words for them
 *  @returns 0, or −1 when there was too little room: nothing is to be read then */
export function skip4(hay: usize, from: i32, to: i32, shifts: usize, filter: usize, window: i32, room: i32, state: usize): i32 {
  const o = window - 3
  const begin = beginning(window)
  // Windows begin from `from` up to, and with, to - window.
  const q = (to - window + 1 - from) >> 2
  let a = from + o, b = a + q, c = b + q, d = c + q
  const ae = b - 1, be = c - 1, ce = d - 1, de = to - 3
  const span = <usize>room << 2
  const oa = state + 16, ob = oa + span, oc = ob + span, od = oc + span
  let na: i32 = 0, nb: i32 = 0, nc: i32 = 0, nd: i32 = 0
  while (i32(a <= ae) & i32(b <= be) & i32(c <= ce) & i32(d <= de)) {
    let s = shift(hay + a, shifts), t = shift(hay + b, shifts), u = shift(hay + c, shifts), v = shift(hay + d, shifts)
    if (i32(s == 0) | i32(t == 0) | i32(u == 0) | i32(v == 0)) {
      if (i32(na == room) | i32(nb == room) | i32(nc == room) | i32(nd == room)) return -1
      if (!s) { s = 1; store<i32>(oa + (<usize>na << 2), a - o); if (begins(hay + a - o, filter, begin)) na++ }
      if (!t) { t = 1; store<i32>(ob + (<usize>nb << 2), b - o); if (begins(hay + b - o, filter, begin)) nb++ }
      if (!u) { u = 1; store<i32>(oc + (<usize>nc << 2), c - o); if (begins(hay + c - o, filter, begin)) nc++ }
      if (!v) { v = 1; store<i32>(od + (<usize>nd << 2), d - o); if (begins(hay + d - o, filter, begin)) nd++ }
    }
    a += s; b += t; c += u; d += v
  }
  na = rest(hay, a, ae, shifts, filter, begin, o, room, oa, na)
  nb = rest(hay, b, be, shifts, filter, begin, o, room, ob, nb)
  nc = rest(hay, c, ce, shifts, filter, begin, o, room, oc, nc)
  nd = rest(hay, d, de, shifts, filter, begin, o, room, od, nd)
  if (i32(na < 0) | i32(nb < 0) | i32(nc < 0) | i32(nd < 0)) return -1
  store<i32>(state, na); store<i32>(state + 4, nb); store<i32>(state + 8, nc); store<i32>(state + 12, nd)
  return 0
}

function rest(hay: usize, a: i32, last: i32, shifts: usize, filter: usize, begin: u64, o: i32, room: i32, out: usize, count: i32): i32 {
  while (a <= last) {
    let s = shift(hay + a, shifts)
    if (!s) {
      s = 1
      if (begins(hay + a - o, filter, begin)) {
        if (count == room) return -1
        store<i32>(out + (<usize>count << 2), a - o)
        count++
      }
    }
    a += s
  }
  return count
}
