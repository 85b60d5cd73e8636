import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type HostOptions, type ModuleHost, startHost } from '../../node/gate/module-host.ts'
import { systemClock } from '../../node/system/system-clock.ts'
import { builtMig } from '../cli/run-mig.ts'

const isLinux = process.platform === 'linux'
const ionice = ['/usr/bin/ionice', '/bin/ionice'].find((path) => existsSync(path))
const canIdle = ionice !== undefined && spawnSync(ionice, ['-c', '3', 'true']).status === 0

function aHost(options: Partial<HostOptions>): ModuleHost {
  const command = [process.execPath, builtMig()]
  const host = startHost({ command, root: '/', prlimit: undefined, ...options }, 120, systemClock)
  onTestFinished(() => host.discard())
  return host
}

/** Searches the whole machine for what is nowhere on it, as long as it may. @returns the last line of the run */
async function search(
  host: ModuleHost,
  change: { readonly wallMs: number; readonly paths?: readonly string[] },
): Promise<{
  readonly statistics: { readonly filescount: number } | null
  readonly truncated: boolean
}> {
  const { wallMs, paths = ['/usr', '/'] } = change
  const parameters = { searches: { s1: { paths: [...paths], contents: ['no such[0-9]{9}'] } } }
  const signal = new AbortController().signal
  return new Promise((resolve, reject) => {
    let text = ''
    host.work(
      { module: 'file', parameters, wallMs, cpuSeconds: 60, matches: 10, outputBytes: 100_000, signal },
      {
        output(chunk) {
          text += chunk.toString()
          const line = text.split('\n').find((each) => each.startsWith('{"end"'))
          if (line !== undefined) resolve(JSON.parse(line).end)
        },
        complaint: () => undefined,
        gone: (how) => reject(new Error(how ?? 'gone')),
      },
    )
  })
}

function statOf(pid: number | undefined, thread?: string): readonly string[] {
  const path = thread === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${thread}/stat`
  const stat = readFileSync(path, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function cpuMs(pid: number | undefined): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) * 10
}

describe.runIf(isLinux)('a host that looks gently', () => {
  // It may have to be built first.
  beforeAll(() => void builtMig(), 180_000)

  it('runs with a low priority in all its threads, and reads when nobody else does', async () => {
    const host = aHost({ gently: canIdle ? [ionice as string, '-c', '3'] : [], threads: 3 })
    await search(host, { wallMs: 1500 })
    const threads = readdirSync(`/proc/${host.pid}/task`)
    expect(threads.length).toBeGreaterThan(5)
    expect(threads.map((thread) => Number(statOf(host.pid, thread)[16]))).toEqual(threads.map(() => 10))
    if (!canIdle) return
    const classes = threads.map((thread) =>
      execFileSync(ionice as string, ['-p', thread], { encoding: 'utf8' }),
    )
    expect(new Set(classes.map((each) => each.trim()))).toEqual(new Set(['idle']))
  }, 120_000)

  it.each([1, 3])(
    'keeps to a tenth of a core with %i threads, and stops at its wall limit with what it has',
    async (threads) => {
      const host = aHost({ corePercent: 10, threads })
      // Starting costs what it costs, and is not the run's.
      await search(host, { wallMs: 1000, paths: ['/nowhere'] })
      const before = cpuMs(host.pid)
      const startedMs = performance.now()
      const end = await search(host, { wallMs: 8000 })
      const share = (cpuMs(host.pid) - before) / (performance.now() - startedMs)
      // Busy machines give less.
      expect(share).toBeLessThan(0.15)
      expect(end.truncated).toBe(true)
      expect(end.statistics?.filescount).toBeGreaterThan(0)
    },
    120_000,
  )

  it('takes no more than 130 MB at its peak with two threads, the most that it takes by itself', async () => {
    const host = aHost({ threads: 2 })
    await search(host, { wallMs: 6000 })
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${host.pid}/status`, 'latin1'))?.[1]
    expect(Number(peak) / 1024).toBeLessThan(130)
  }, 120_000)
})
