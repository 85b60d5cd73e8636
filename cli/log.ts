import { pino } from 'pino'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export type Log = (event: string, details?: Record<string, unknown>) => void

const maxLoggedChars = 500
const frequent: ReadonlySet<string> = new Set(['synced', 'turned-away', 'gate-action'])

/** JSON lines on stderr, one an event. Bytes never get in: keys and payloads are bytes, and whatever is one is written as its length. */
export function createLog(level: LogLevel, role: string): Log {
  // Written at once: what a process said last before it fell is what one wants to read.
  const destination = pino.destination({ fd: 2, sync: true })
  const logger = pino(
    {
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return (event, details = {}) => {
    const line = { event, ...plain(details) }
    if (/failed|fell|lost|refused|ended/.test(event)) logger.warn(line)
    else if (frequent.has(event)) logger.debug(line)
    else logger.info(line)
  }
}

/** Where a command has its own way of telling what happens. */
export const noLog: Log = () => undefined

/** Scalars, bounded; bytes and objects only by what they are. */
function plain(details: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => {
      if (typeof value === 'string') return [name, value.slice(0, maxLoggedChars)]
      if (ArrayBuffer.isView(value)) return [name, `${value.byteLength} bytes`]
      if (Array.isArray(value)) return [name, `${value.length} items`]
      if (typeof value === 'object' && value !== null) return [name, 'object']
      return [name, value]
    }),
  )
}
