import { writeSync } from 'node:fs'
import { codeOf } from '../node/core/error.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export type Log = (event: string, details?: Record<string, unknown>) => void

const maxLoggedChars = 500
const frequent: ReadonlySet<string> = new Set(['synced', 'turned-away', 'gate-action'])

/** JSON lines on stderr, one an event. Bytes never get in: keys and payloads are bytes, and whatever is one is written as its length. */
export function createLog(
  level: LogLevel,
  role: string,
  write: (line: string) => void = (line) => writeAtOnce(2, line),
): Log {
  const least = logLevels.indexOf(level)
  return (event, details = {}) => {
    const own = levelOf(event)
    if (logLevels.indexOf(own) < least) return
    const head = { level: own, time: new Date().toISOString(), role, event }
    write(`${JSON.stringify({ ...plain(details), ...head })}\n`)
  }
}

function levelOf(event: string): LogLevel {
  if (/failed|fell|lost|refused|ended|differs/.test(event)) return 'warn'
  return frequent.has(event) ? 'debug' : 'info'
}

/** Written before anything else happens: what a process said last before it fell is what one wants to read. A reader that is slow is
 *  waited for, but not for long; one that has gone is no reason to end. */
export function writeAtOnce(fd: number, line: string, patienceMs = 500): void {
  const bytes = Buffer.from(line)
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (let at = 0, waitedMs = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || waitedMs >= patienceMs) return
      Atomics.wait(sleeper, 0, 0, 10)
      waitedMs += 10
    }
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
