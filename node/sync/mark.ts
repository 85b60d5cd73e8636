/** Sixteen bytes of SHA-256 over what an item is, as 32 hex digits (`itemMark`). Eight bytes would not do: among a million items a
 *  member finds one of its own with the mark of another's in 2^44 steps, and so keeps that one from whoever holds the first; with
 *  sixteen bytes it takes 2^108. */
export type Mark = string & { readonly brand: 'Mark' }
export const markBytes = 16
export const markDigits = 2 * markBytes
