/** The hot loops, each by itself with nothing that changes but rows and places: the engine keeps the rest in registers. */

/** Takes bytes as long as the table knows the next row.
 *  @param rows the first is the row where it stands, before and afterwards
 *  @returns the place of the byte for which there is more to know, or `to` */
export function walkTable(
  table: Int32Array,
  classes: Uint8Array,
  bytes: Uint8Array,
  rows: Int32Array,
  from: number,
  to: number,
): number {
  let row = rows[0] as number
  for (let i = from; i < to; i++) {
    const next = table[row + (classes[bytes[i] as number] as number)] as number
    if (next < 0) {
      rows[0] = row
      return i
    }
    row = next
  }
  rows[0] = row
  return to
}

/** The same in four places at once: what a look-up says is needed for the next one of its own lane only, so that four are under
 *  way in the time of one.
 *  @param rows one for each lane
 *  @param places where each lane begins
 *  @param from bytes that each lane has taken before
 *  @param length of the shortest lane
 *  @returns how many bytes each has taken when one of them has more to know, or `length` */
export function walkFour(
  table: Int32Array,
  classes: Uint8Array,
  bytes: Uint8Array,
  rows: Int32Array,
  places: readonly [number, number, number, number],
  from: number,
  length: number,
): number {
  const [p, q, r, s] = places
  let a = rows[0] as number
  let b = rows[1] as number
  let c = rows[2] as number
  let d = rows[3] as number
  let i = from
  for (; i < length; i++) {
    const nextA = table[a + (classes[bytes[p + i] as number] as number)] as number
    const nextB = table[b + (classes[bytes[q + i] as number] as number)] as number
    const nextC = table[c + (classes[bytes[r + i] as number] as number)] as number
    const nextD = table[d + (classes[bytes[s + i] as number] as number)] as number
    if ((nextA | nextB | nextC | nextD) < 0) break
    a = nextA
    b = nextB
    c = nextC
    d = nextD
  }
  rows[0] = a
  rows[1] = b
  rows[2] = c
  rows[3] = d
  return i
}
