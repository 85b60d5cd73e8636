/** Addresses in the memory of the kernels, 8 MiB that never grow: a page is in use once it was written to. Kernels may read up to 128 bytes behind
 *  what they are given. */
export const layout = {
  /** Eight addresses and eight rows. */
  lanes: 0x100,
  /** Of `walk8`: a u16 for each byte. */
  classes: 0x200,
  /** Four needles of 32 bytes, and four times 128 bytes of text and folds. */
  needles: 0x800,
  texts: 0x900,
  /** Bits by hash of the first eight bytes of a window. */
  filter: 0x2000,
  /** What a kernel has found. */
  found: 0x1_0000,
  foundBytes: 0x1_0000,
  /** Shifts by hash of three bytes. */
  shifts: 0x2_0000,
  /** Rows of the table in use. */
  table: 0x4_0000,
  tableBytes: 0x20_0000,
  /** A copy of bytes that are elsewhere, piece by piece: it stays in the cache. */
  copied: 0x24_0000,
  copiedBytes: 0x4_0000,
  /** For those who read into this memory. */
  buffers: 0x28_0400,
  end: 0x7f_fc00,
  pages: 128,
} as const
