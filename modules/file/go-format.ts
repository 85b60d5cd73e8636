import type { FileKind } from '../host/host.ts'

// Go's letters for what is no regular file, in Go's order; they stand before the permissions and replace their dash.
const kindLetters: Readonly<Record<FileKind, string>> = {
  directory: 'd',
  link: 'L',
  'block-device': 'D',
  fifo: 'p',
  socket: 'S',
  'character-device': 'Dc',
  unknown: '?',
  file: '',
}
const setuid = 0o4000
const setgid = 0o2000
const sticky = 0o1000

/** The mode as Go prints it, which is what mode expressions match: `-rwxr-xr-x`, `urwxr-xr-x` with setuid, `dtrwxrwxrwx`.
 *  @see https://pkg.go.dev/io/fs#FileMode.String */
export function goMode(kind: FileKind, mode: number): string {
  // Go's order of letters: d a l T L D p S u g c t.
  const device = kindLetters[kind].startsWith('D') ? 'D' : kindLetters[kind]
  let letters = device
  if ((mode & setuid) !== 0) letters += 'u'
  if ((mode & setgid) !== 0) letters += 'g'
  if (kind === 'character-device') letters += 'c'
  if ((mode & sticky) !== 0) letters += 't'
  let permissions = ''
  for (let bit = 8; bit >= 0; bit--) permissions += (mode & (1 << bit)) === 0 ? '-' : 'rwxrwxrwx'[8 - bit]
  return (letters === '' ? '-' : letters) + permissions
}

const nsPerMs = 1_000_000n

/** An instant as Go prints it in UTC, to the nanosecond without trailing zeros: `2026-11-24 02:33:38.508331853 +0000 UTC`. */
export function goTime(ns: bigint): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const ms = Number((ns - fraction) / nsPerMs)
  // Beyond what a Date holds (a damaged inode), the bare number says more than nothing.
  if (Math.abs(ms) > 8.64e15) return `${ns} ns`
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string]
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '')
  return `${date} ${time.slice(0, 8)}${digits === '' ? '' : `.${digits}`} +0000 UTC`
}
