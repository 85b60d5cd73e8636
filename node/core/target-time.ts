import type { Instant } from './clock.ts'
import type { Interval } from './target-expression.ts'

const dayMs = 86_400_000
/** The range of Date; what leaves it is NULL. */
const maxInstantMs = 8.64e15
const maxIntervalUnits = 1e9

const timestampForm =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(?:(Z|UTC|GMT)|([+-])(\d{1,2})(?::?(\d{2}))?)?$/i

/** ISO 8601 as PostgreSQL reads it, with or without time and zone; no zone is UTC. Undefined when it is none. */
export function parseTimestamp(text: string): Instant | undefined {
  const match = timestampForm.exec(text.trim())
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (hour > 24 || minute > 59 || second > 60 || month < 1 || month > 12 || year < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // 31 February rolls over: not a date.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const fractionMs = Math.floor(Number(`0.${match[7] ?? 0}`) * 1000)
  const offsetMinutes = Number(match[10] ?? 0) * 60 + Number(match[11] ?? 0)
  if (offsetMinutes > 15 * 60 + 59) return undefined
  const offsetMs = (match[9] === '-' ? -offsetMinutes : offsetMinutes) * 60_000
  return (date.getTime() +
    hour * 3_600_000 +
    minute * 60_000 +
    second * 1000 +
    fractionMs -
    offsetMs) as Instant
}

/** As PostgreSQL prints it in a session whose time zone is UTC. */
export function formatTimestamp(ms: number): string {
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string]
  return `${date} ${time.replace(/\.?0*Z$/, '')}+00`
}

/** What one of a unit adds to an interval, and the names that PostgreSQL gives it. */
const units: readonly { readonly part: keyof Interval; readonly factor: number; readonly names: string }[] = [
  { part: 'ms', factor: 0.001, names: 'us usec usecs microsecond microseconds' },
  { part: 'ms', factor: 1, names: 'ms msec msecs millisecond milliseconds' },
  { part: 'ms', factor: 1000, names: 's sec secs second seconds' },
  { part: 'ms', factor: 60_000, names: 'm min mins minute minutes' },
  { part: 'ms', factor: 3_600_000, names: 'h hr hrs hour hours' },
  { part: 'days', factor: 1, names: 'd day days' },
  { part: 'days', factor: 7, names: 'w week weeks' },
  { part: 'months', factor: 1, names: 'mon mons month months' },
  { part: 'months', factor: 12, names: 'y yr yrs year years' },
  { part: 'months', factor: 120, names: 'decade decades' },
  { part: 'months', factor: 1200, names: 'c century centuries' },
]

const intervalPart =
  /\s*(?:([+-]?)(\d{1,7}):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?|([+-]?\d{1,12}(?:\.\d{1,9})?)\s*([a-z]*))/iy

/** PostgreSQL's verbose interval, `2 days 03:00:00`, `1 hour ago`; a bare number is seconds. Undefined when it is none. */
export function parseInterval(text: string): Interval | undefined {
  const ago = /\s+ago\s*$/i.exec(text)
  const body = ago === null ? text.trim() : text.slice(0, ago.index).trim()
  const total = { months: 0, days: 0, ms: 0 }
  intervalPart.lastIndex = 0
  let parts = 0
  while (intervalPart.lastIndex < body.length) {
    const match = intervalPart.exec(body)
    if (match === null) return undefined
    if (match[2] !== undefined) {
      const ms = Number(match[2]) * 3_600_000 + Number(match[3]) * 60_000 + Number(match[4] ?? 0) * 1000
      total.ms += match[1] === '-' ? -ms : ms
    } else {
      // Only the last number may go without a unit: it is seconds.
      const isLast = intervalPart.lastIndex === body.length
      const name = match[6] === '' && isLast ? 's' : (match[6] ?? '').toLowerCase()
      if (!addUnits(total, Number(match[5]), name)) return undefined
    }
    parts++
  }
  if (parts === 0 || Math.abs(total.months) > maxIntervalUnits || Math.abs(total.days) > maxIntervalUnits)
    return undefined
  return ago === null ? total : negateInterval(total)
}

function addUnits(total: { months: number; days: number; ms: number }, count: number, name: string): boolean {
  const found = units.find((unit) => unit.names.split(' ').includes(name))
  if (found === undefined) return false
  const { part, factor } = found
  const amount = count * factor
  if (part === 'ms') {
    total.ms += amount
    return true
  }
  // A fraction of a month is spilt into days, of a day into time, as PostgreSQL does.
  const whole = Math.trunc(amount)
  total[part] += whole
  const days = part === 'months' ? (amount - whole) * 30 : amount - whole
  if (part === 'months') total.days += Math.trunc(days)
  total.ms += Math.round((part === 'months' ? days - Math.trunc(days) : days) * dayMs)
  return true
}

export function negateInterval(interval: Interval): Interval {
  return { months: -interval.months, days: -interval.days, ms: -interval.ms }
}

export function addIntervals(a: Interval, b: Interval): Interval {
  return { months: a.months + b.months, days: a.days + b.days, ms: a.ms + b.ms }
}

/** For comparison only: a month counts as 30 days. */
export function intervalMs(interval: Interval): number {
  return (interval.months * 30 + interval.days) * dayMs + interval.ms
}

/** Months go by the calendar and stop at the end of a shorter month. Null outside the range of times. */
export function addInterval(ms: number, interval: Interval): number | null {
  const date = new Date(ms)
  if (interval.months !== 0) {
    const day = date.getUTCDate()
    date.setUTCDate(1)
    date.setUTCMonth(date.getUTCMonth() + interval.months)
    const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
    date.setUTCDate(Math.min(day, lastDay))
  }
  const sum = date.getTime() + interval.days * dayMs + interval.ms
  return Math.abs(sum) <= maxInstantMs ? sum : null
}
