import { corrupt } from './archive-error.ts'

/** A decoding table of Finite State Entropy (RFC 8878, 4.1): what a state stands for, and how the next is found. */
export interface FseTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** Reads the description of a table.
 *  @returns the table and where its description ends
 *  @throws ArchiveError `corrupt-data` */
export function readFseTable(
  bytes: Uint8Array,
  at: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { readonly table: FseTable; readonly at: number } {
  if (at >= end) throw corrupt()
  const log = ((bytes[at] as number) & 15) + 5
  if (log > maxLog) throw corrupt()
  let place = at * 8 + 4
  const peek = (): number => {
    const byte = place >> 3
    const word = ((bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16)) >>> 0
    return word >>> (place & 7)
  }
  const counts: number[] = []
  let left = 1 << log
  while (left > 0) {
    if (counts.length > maxSymbol || place >= end * 8) throw corrupt()
    // A number from 0 to left + 1; the small ones take one bit less.
    const bits = 32 - Math.clz32(left + 1)
    const small = (1 << bits) - 1 - (left + 1)
    const value = peek()
    let number = value & ((1 << (bits - 1)) - 1)
    if (number < small) place += bits - 1
    else {
      number = value & ((1 << bits) - 1)
      if (number >= 1 << (bits - 1)) number -= small
      place += bits
    }
    const count = number - 1
    counts.push(count)
    left -= Math.abs(count)
    if (count !== 0) continue
    for (;;) {
      const repeat = peek() & 3
      place += 2
      for (let k = 0; k < repeat; k++) counts.push(0)
      if (counts.length > maxSymbol + 1) throw corrupt()
      if (repeat < 3) break
    }
  }
  const after = (place + 7) >> 3
  if (left < 0 || counts.length > maxSymbol + 1 || after > end) throw corrupt()
  return { table: fseTable(counts, log), at: after }
}

/** @param counts how many states each symbol has; -1 is one of low probability */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const next = new Uint16Array(counts.length)
  let high = size
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol
    next[symbol] = Math.abs(count)
  })
  const step = (size >> 1) + (size >> 3) + 3
  let place = 0
  counts.forEach((count, symbol) => {
    for (let k = 0; k < count; k++) {
      symbols[place] = symbol
      do place = (place + step) & (size - 1)
      while (place >= high)
    }
  })
  if (place !== 0) throw corrupt()
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number
    const number = next[symbol] as number
    next[symbol] = number + 1
    const count = log - (31 - Math.clz32(number))
    bits[state] = count
    bases[state] = (number << count) - size
  }
  return { log, symbols, bits, bases }
}

/** One symbol without end. */
export function fseOfOne(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) }
}
