import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { heapFlags, readUsage } from '../../node/gate/usage-watch.ts'
import { watchMemory } from '../../node/roles/memory-watch.ts'

const holding = (megabytes: number) =>
  spawn(process.execPath, [
    '-e',
    `const held = Buffer.alloc(${megabytes} * 1024 * 1024, 1); setTimeout(() => held, 60000); console.log('held')`,
  ])

it.skipIf(process.platform !== 'linux')(
  'kills a process that holds more than it may, buffers included',
  async () => {
    const modest = holding(1)
    const greedy = holding(160)
    const seen: number[] = []
    const ends = [modest, greedy].map((child) => watchMemory(child, (megabytes) => seen.push(megabytes), 150))
    try {
      const [, signal] = await once(greedy, 'exit')
      expect(signal).toBe('SIGKILL')
      expect(seen).toHaveLength(1)
      expect(seen[0]).toBeGreaterThan(150)
      expect(modest.exitCode).toBeNull()
    } finally {
      for (const end of ends) end()
      modest.kill()
    }
  },
)

it('is left to V8 where the kernel does not show what a process holds, as without /proc', () => {
  expect(heapFlags(256)).toEqual(readUsage(process.pid) === undefined ? ['--max-old-space-size=256'] : [])
  expect(heapFlags(256, false)).toEqual(['--max-old-space-size=256'])
  expect(heapFlags(256, true)).toEqual([])
})

it.skipIf(process.platform !== 'linux')('is read as the process itself sees it', () => {
  const { residentBytes = 0, cpuSeconds = 0 } = readUsage(process.pid) ?? {}
  expect(residentBytes / process.memoryUsage.rss()).toBeCloseTo(1, 0)
  expect(cpuSeconds).toBeGreaterThan(0)
})
