// Eight places of a text through one table: a look-up waits for the one before it in its own lane only.

// As in ../layout.ts: a place that is known when this is compiled need not be kept in a register.
const table: usize = 0x40000
const classes: usize = 0x200

// @ts-ignore: decorator
@inline
function next(row: i32, p: usize): i32 {
  return load<i32>(<usize>(row + <i32>load<u16>(<usize>load<u8>(p) << 1, classes)), table)
}

/** Takes bytes as long as the table knows all next rows. In the memory are:
 *  - the table, rows of cells: the next row, as an offset in bytes, or less than 0 where there is more to know
 *  - the class of each byte, a u16: four times its column
 *  @param lanes eight addresses of bytes, eight rows
 *  @returns how many bytes each lane has taken when one of them has more to know, or `length`; the rows are those before that byte */
export function walk8(lanes: usize, from: i32, length: i32): i32 {
  const p = load<usize>(lanes), q = load<usize>(lanes, 4), r = load<usize>(lanes, 8), s = load<usize>(lanes, 12)
  const t = load<usize>(lanes, 16), u = load<usize>(lanes, 20), v = load<usize>(lanes, 24), w = load<usize>(lanes, 28)
  let a = load<i32>(lanes, 32), b = load<i32>(lanes, 36), c = load<i32>(lanes, 40), d = load<i32>(lanes, 44)
  let e = load<i32>(lanes, 48), f = load<i32>(lanes, 52), g = load<i32>(lanes, 56), h = load<i32>(lanes, 60)
  let i = from
  for (; i < length; i++) {
    const an = next(a, p + i), bn = next(b, q + i)
    const cn = next(c, r + i), dn = next(d, s + i)
    const en = next(e, t + i), fn = next(f, u + i)
    const gn = next(g, v + i), hn = next(h, w + i)
    if ((an | bn | cn | dn | en | fn | gn | hn) < 0) break
    a = an; b = bn; c = cn; d = dn; e = en; f = fn; g = gn; h = hn
  }
  store<i32>(lanes, a, 32); store<i32>(lanes, b, 36); store<i32>(lanes, c, 40); store<i32>(lanes, d, 44)
  store<i32>(lanes, e, 48); store<i32>(lanes, f, 52); store<i32>(lanes, g, 56); store<i32>(lanes, h, 60)
  return i
}
