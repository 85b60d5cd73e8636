import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
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
