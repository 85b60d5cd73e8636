import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLog, type LogLevel, writeAtOnce } from '../../cli/log.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

function logged(level: LogLevel, ...events: readonly (readonly [string, Record<string, unknown>?])[]) {
  const lines: string[] = []
  const log = createLog(level, 'gate', (line) => lines.push(line))
  for (const [event, details] of events) log(event, details)
  return lines
}

describe('a log line', () => {
  it('is JSON: level, time, role, event and plain details', () => {
    const [line = ''] = logged('info', ['accepted', { action: 'abc', count: 3, ok: true }])
    expect(line.endsWith('\n') && line.indexOf('\n') === line.length - 1).toBe(true)
    const { time, ...rest } = JSON.parse(line)
    expect(rest).toEqual({
      level: 'info',
      role: 'gate',
      event: 'accepted',
      action: 'abc',
      count: 3,
      ok: true,
    })
    expect(Date.parse(time)).toBeGreaterThan(Date.UTC(2025, 0, 1))
  })

  it('holds no bytes, no objects and no endless text, and nobody can pass for another line', () => {
    const details = {
      key: new Uint8Array(32).fill(7),
      list: ['secret'],
      inner: { secret: 1 },
      text: 'x\n'.repeat(1000),
      event: 'forged',
    }
    const [line = ''] = logged('info', ['told', details])
    expect(JSON.parse(line)).toMatchObject({
      event: 'told',
      key: '32 bytes',
      list: '1 items',
      inner: 'object',
    })
    expect(JSON.parse(line).text).toHaveLength(500)
    expect(line.trimEnd()).not.toContain('\n')
  })

  it('is written from its level on', () => {
    const events = [['synced'], ['accepted'], ['sync-failed']] as const
    const seen = (level: LogLevel) => logged(level, ...events).map((line) => JSON.parse(line).event)
    expect(seen('debug')).toEqual(['synced', 'accepted', 'sync-failed'])
    expect(seen('info')).toEqual(['accepted', 'sync-failed'])
    expect(seen('warn')).toEqual(['sync-failed'])
    expect(seen('error')).toEqual([])
    expect(seen('silent')).toEqual([])
  })
})

describe('writing at once', () => {
  it('writes all of it, and does not mind that nobody reads', () => {
    const path = join(temporaryDirectory(), 'log')
    const fd = openSync(path, 'w')
    writeAtOnce(fd, 'x'.repeat(300_000))
    closeSync(fd)
    expect(readFileSync(path, 'utf8')).toHaveLength(300_000)
    expect(() => writeAtOnce(fd, 'into a closed one')).not.toThrow()
  })

  it.skipIf(process.platform === 'win32')('gives a reader that has stopped up, and goes on', () => {
    const fifo = join(temporaryDirectory(), 'fifo')
    spawnSync('mkfifo', [fifo])
    const reader = openSync(fifo, 'r+')
    // O_NONBLOCK | O_WRONLY: a full pipe answers EAGAIN.
    const writer = openSync(fifo, 0o4001)
    const started = performance.now()
    writeAtOnce(writer, 'x'.repeat(1_000_000), 50)
    expect(performance.now() - started).toBeGreaterThanOrEqual(45)
    closeSync(writer)
    closeSync(reader)
  })
})
