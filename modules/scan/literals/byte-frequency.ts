/** How often a byte is met in logs and source code, roughly: bytes taken as independent.
 *  @param anyCase of a letter: either of the two */
export function byteFrequency(byte: number, anyCase = false): number {
  if (byte >= 0x61 && byte <= 0x7a) return (letters[byte - 0x61] as number) * (anyCase ? 1.2 : 1)
  if (byte >= 0x41 && byte <= 0x5a) return (letters[byte - 0x41] as number) * 0.15
  if (byte >= 0x30 && byte <= 0x39) return byte < 0x33 ? 0.04 : 0.02
  return others.get(byte) ?? (byte < 0x80 ? 0.002 : 0.001)
}

/** Of a to z. */
const letters = [
  0.055, 0.015, 0.03, 0.03, 0.08, 0.015, 0.015, 0.025, 0.055, 0.003, 0.007, 0.03, 0.022, 0.05, 0.055, 0.02,
  0.002, 0.05, 0.05, 0.065, 0.02, 0.01, 0.01, 0.006, 0.012, 0.003,
]
const others: ReadonlyMap<number, number> = new Map([
  [0x00, 0.05],
  [0x20, 0.12],
  [0x0a, 0.02],
  ...[...'.,-/_=:"()'].map((character): [number, number] => [character.charCodeAt(0), 0.015]),
])
