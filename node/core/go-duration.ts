import { MigError } from './error.ts'

const nanosecondsOf: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  // Not Go's: windows of days and weeks are what investigators type.
  d: 86_400e9,
  w: 604_800e9,
}
/** Go keeps nanoseconds in 63 bits, about 292 years. */
const maxNanoseconds = 2 ** 63
const maxDurationChars = 64
const part = /^(\d*)(?:\.(\d*))?([^\d.]*)/

/** Go's duration syntax, as MIG's options take it: `300s`, `1h30m`, `1.5h`, `-5s`; besides, days and weeks (`7d`, `2w`).
 *  @returns milliseconds, negative where the text is
 *  @throws MigError `bad-duration` in Go's words
 *  @see https://pkg.go.dev/time#ParseDuration */
export function parseGoDuration(text: string): number {
  const unsigned = text.replace(/^[-+]/, '')
  if (unsigned === '0') return 0
  if (unsigned === '' || text.length > maxDurationChars) throw invalid(text)
  let rest = unsigned
  let nanoseconds = 0
  while (rest !== '') {
    const [whole, integer = '', fraction = '', unit = ''] = part.exec(rest) ?? ['']
    if (integer === '' && fraction === '') throw invalid(text)
    if (unit === '') throw badDuration(`time: missing unit in duration ${JSON.stringify(text)}`)
    const factor = Object.hasOwn(nanosecondsOf, unit) ? nanosecondsOf[unit] : undefined
    if (factor === undefined) {
      throw badDuration(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    }
    nanoseconds += Number(`${integer === '' ? '0' : integer}.${fraction}`) * factor
    rest = rest.slice(whole.length)
  }
  if (nanoseconds >= maxNanoseconds) throw invalid(text)
  return (text.startsWith('-') ? -nanoseconds : nanoseconds) / 1e6
}

/** Prints as Go does, to the nanosecond: `0s`, `12.5µs`, `5.83ms`, `1m5s`. */
export function formatGoDuration(ms: number): string {
  const nanoseconds = Math.round(Math.abs(ms) * 1e6)
  const sign = ms < 0 && nanoseconds > 0 ? '-' : ''
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`
  if (nanoseconds < 1e6) return `${sign}${decimal(nanoseconds, 3)}µs`
  if (nanoseconds < 1e9) return `${sign}${decimal(nanoseconds, 6)}ms`
  const minutes = Math.floor(nanoseconds / 60e9)
  const hours = Math.floor(minutes / 60)
  const seconds = `${decimal(nanoseconds - minutes * 60e9, 9)}s`
  if (minutes === 0) return `${sign}${seconds}`
  return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`
}

/** `count` / 10^digits without trailing zeros. */
function decimal(count: number, digits: number): string {
  const text = count.toFixed(0).padStart(digits + 1, '0')
  const fraction = text.slice(-digits).replace(/0+$/, '')
  return fraction === '' ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${fraction}`
}

function invalid(text: string): MigError {
  return badDuration(`time: invalid duration ${JSON.stringify(text.slice(0, maxDurationChars))}`)
}

function badDuration(message: string): MigError {
  return new MigError('bad-duration', message, {
    hint: 'a duration is a number with a unit: 300s, 1h30m, 7d',
  })
}
