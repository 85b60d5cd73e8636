import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { modules } from '../../modules/registry.ts'
import { createChildRunner } from '../../node/gate/child-runner.ts'
import type { RunOrder, RunReport } from '../../node/gate/runner.ts'
import { systemClock } from '../../node/system/system-clock.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

const hostile = [process.execPath, join(import.meta.dirname, 'processes/hostile-module.mjs')]
const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path))

interface Trial {
  readonly root: string
  readonly tookMs: number
  readonly report: RunReport
  readonly logged: string
}

async function tryOut(
  behaviour: string,
  change: Partial<RunOrder> & { readonly words?: readonly string[]; readonly root?: string } = {},
): Promise<Trial> {
  const root = change.root ?? temporaryDirectory()
  writeFileSync(join(root, 'shadow'), 'root:$6$canary$AbCdEf\n')
  const logged: unknown[] = []
  const runner = createChildRunner(
    modules,
    { command: hostile, root, prlimit: undefined },
    { clock: systemClock, log: (event, details) => logged.push([event, details]) },
  )
  const startedMs = performance.now()
  const report = await runner.run({
    module: 'example',
    parameters: { lookuphost: [behaviour, ...(change.words ?? [])] },
    wallMs: 30_000,
    cpuSeconds: 30,
    matches: 100,
    outputBytes: 256 * 1024,
    signal: new AbortController().signal,
    ...change,
  })
  return { root, report, tookMs: performance.now() - startedMs, logged: JSON.stringify(logged) }
}

/** A killed process may stay as a zombie where nobody reaps it. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}

/** A module child may be slow to start on a busy machine; wait for what it writes. */
async function noted(root: string, name: string): Promise<string> {
  await expect
    .poll(() => existsSync(join(root, name)) && readFileSync(join(root, name), 'utf8'), {
      timeout: 15_000,
      interval: 20,
    })
    .toBeTruthy()
  return readFileSync(join(root, name), 'utf8')
}

describe('a module child', () => {
  it('gives its result', async () => {
    const { report } = await tryOut('honest')
    expect(report).toEqual({
      outcome: 'done',
      found: 1,
      result: {
        foundanything: true,
        success: true,
        elements: { lookeduphost: { honest: ['10.0.0.1'] } },
        statistics: { stufffound: 1 },
        errors: null,
      },
    })
  })

  it('that stops at its deadline keeps its result and is timed out', async () => {
    const { report, tookMs } = await tryOut('punctual', { wallMs: 1000 })
    expect(report).toMatchObject({
      outcome: 'timed-out',
      found: 1,
      result: { success: true, truncated: true },
    })
    expect(tookMs).toBeGreaterThan(1000)
  })

  it('that does not stop is killed after the grace, and what it had found is kept', async () => {
    const { report, tookMs } = await tryOut('deaf', { wallMs: 2000 })
    expect(report).toMatchObject({
      outcome: 'timed-out',
      reason: 'killed after 2 s',
      found: 1,
      result: { success: false, truncated: true, foundanything: true },
    })
    expect(tookMs).toBeGreaterThan(4000)
    expect(tookMs).toBeLessThan(7000)
  })

  it('is killed when it has used its CPU time', async () => {
    const { report } = await tryOut('busy', { cpuSeconds: 1 })
    expect(report).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^CPU limit: /),
      found: 1,
    })
  })

  it.runIf(prlimit !== undefined)('is killed by the kernel when the gate cannot look', async () => {
    const root = temporaryDirectory()
    // A clock on which no timer ever comes due.
    const clock = { ...systemClock, after: () => () => undefined }
    const runner = createChildRunner(
      modules,
      { command: hostile, root, prlimit },
      { clock, log: () => undefined },
    )
    const report = await runner.run({
      module: 'example',
      parameters: { lookuphost: ['busy'] },
      wallMs: 30_000,
      cpuSeconds: 1,
      matches: 1,
      outputBytes: 1024,
      signal: new AbortController().signal,
    })
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/SIGXCPU|SIGKILL/) })
  })

  it.each(['hoarder', 'heap'])('is stopped when it takes too much memory (%s)', async (behaviour) => {
    const { report } = await tryOut(behaviour)
    expect(report.outcome).toBe('failed')
    expect(report.reason).toMatch(
      behaviour === 'hoarder' ? /^memory limit: / : /^(module process ended with|memory limit)/,
    )
  })

  it.each([
    ['chatterbox', 'result-full'],
    ['endless', 'line-too-long'],
    ['babble', 'too-much-rubbish'],
  ])('that floods its output is killed (%s)', async (behaviour, limit) => {
    const { report } = await tryOut(behaviour)
    expect(report).toMatchObject({ outcome: 'failed', reason: `output limit: ${limit}` })
    expect(JSON.stringify(report).length).toBeLessThan(300 * 1024)
  })

  it('may complain without end, and nobody repeats it', async () => {
    const { report, logged } = await tryOut('complainer')
    expect(report.outcome).toBe('done')
    expect(logged).toMatch(/module-stderr/)
    expect(JSON.stringify(report) + logged).not.toMatch(/secret/)
  })

  it.each([
    ['quitter', 'module process ended with code 1'],
    ['crasher', 'module process ended with SIGSEGV'],
  ])('that breaks has failed, with what it had found (%s)', async (behaviour, reason) => {
    const { report } = await tryOut(behaviour)
    expect(report).toMatchObject({
      outcome: 'failed',
      reason,
      found: 1,
      result: { success: false, truncated: true },
    })
  })

  it('is dead within three seconds of a cancel, and its own children with it', async () => {
    const root = temporaryDirectory()
    const cancel = new AbortController()
    const trial = tryOut('parent', { root, signal: cancel.signal })
    const grandchild = Number(await noted(root, 'parent'))
    expect(isAlive(grandchild)).toBe(true)
    const cancelledMs = performance.now()
    cancel.abort()
    expect((await trial).report).toMatchObject({ outcome: 'cancelled', result: { success: false } })
    expect(performance.now() - cancelledMs).toBeLessThan(3000)
    await expect.poll(() => isAlive(grandchild)).toBe(false)
  })

  it('is not started in earnest when it was cancelled before', async () => {
    const { report, root } = await tryOut('witness', { signal: AbortSignal.abort() })
    expect(report.outcome).toBe('cancelled')
    expect(existsSync(join(root, 'witness'))).toBe(false)
  })

  it('is not waited for when it leaves a process behind that keeps its pipes open', async () => {
    const { report, root, tookMs } = await tryOut('deserter', { wallMs: 60_000 })
    const deserter = Number(readFileSync(join(root, 'deserter'), 'utf8'))
    onTestFinished(() => void process.kill(deserter, 'SIGKILL'))
    expect(report).toMatchObject({ outcome: 'done', found: 1 })
    expect(tookMs).toBeLessThan(15_000)
  })

  it('gets no environment, and its order by stdin only', async () => {
    const { root } = await tryOut('witness', { words: ['secret-host'] })
    const { env, argv } = JSON.parse(readFileSync(join(root, 'witness'), 'utf8'))
    expect(env).toEqual({})
    expect(argv).toContain('host')
    expect(JSON.stringify(argv)).not.toMatch(/secret-host|witness|lookuphost|example/)
  })

  it.each([[[]], [['failing']]])(
    'brings nothing out that its schemas do not have room for (T46) %j',
    async (words) => {
      const { report, logged } = await tryOut('thief', { words })
      expect(JSON.stringify(report) + logged).not.toMatch(/canary|AbCdEf/)
      if (words.length === 0) {
        expect(report.result.elements).toEqual({ lookeduphost: { thief: ['10.0.0.1', '10.0.0.2'] } })
        expect(report.result.statistics).toEqual({ stufffound: 1 })
      } else expect(report).toMatchObject({ outcome: 'failed', reason: 'module example failed: internal' })
    },
  )

  it('that cannot be started has failed', async () => {
    const runner = createChildRunner(
      modules,
      { command: ['/nowhere/node'], root: '/', prlimit: undefined },
      { clock: systemClock, log: () => undefined },
    )
    const report = await runner.run({
      module: 'example',
      parameters: {},
      wallMs: 1000,
      cpuSeconds: 1,
      matches: 1,
      outputBytes: 1024,
      signal: new AbortController().signal,
    })
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/could not be started/) })
  })
})

describe('a module host', () => {
  function aRunner(lingerMs = 30_000) {
    const root = temporaryDirectory()
    const runner = createChildRunner(
      modules,
      { command: hostile, root, prlimit: undefined, lingerMs },
      { clock: systemClock, log: () => undefined },
    )
    onTestFinished(() => runner.stop())
    const ask = (behaviour: string, change: Partial<RunOrder> = {}) =>
      runner.run({
        module: 'example',
        parameters: { lookuphost: [behaviour] },
        wallMs: 30_000,
        cpuSeconds: 30,
        matches: 100,
        outputBytes: 256 * 1024,
        signal: new AbortController().signal,
        ...change,
      })
    const workers = () => readFileSync(join(root, 'workers'), 'utf8').trim().split('\n').map(Number)
    return { root, runner, ask, workers }
  }

  it('runs one operation after the other, and ends when nobody needs it for a while', async () => {
    const { ask, workers } = aRunner(400)
    for (const _ of [1, 2, 3]) expect(await ask('worker')).toMatchObject({ outcome: 'done', found: 1 })
    const [pid = 0] = workers()
    expect(workers()).toEqual([pid, pid, pid])
    expect(isAlive(pid)).toBe(true)
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    await ask('worker')
    expect(workers()[3]).not.toBe(pid)
  })

  it('ends with the gate', async () => {
    const { ask, workers, runner } = aRunner()
    await ask('worker')
    runner.stop()
    await expect.poll(() => isAlive(workers()[0] ?? 0)).toBe(false)
  })

  it.each(['quitter', 'crasher', 'thief', 'complainer', 'babble'])(
    'is replaced after anything but a clean run (%s)',
    async (behaviour) => {
      const { root, ask, workers } = aRunner()
      writeFileSync(join(root, 'shadow'), '')
      await ask('worker')
      await ask(behaviour)
      await ask('worker')
      expect(new Set(workers()).size).toBe(2)
    },
  )

  it('is replaced after a cancel and after its deadline', async () => {
    const { ask, workers } = aRunner()
    await ask('worker')
    expect((await ask('deaf', { signal: AbortSignal.timeout(300) })).outcome).toBe('cancelled')
    await ask('worker')
    expect((await ask('punctual', { wallMs: 300 })).outcome).toBe('timed-out')
    await ask('worker')
    expect(new Set(workers()).size).toBe(3)
  })

  it.runIf(process.platform === 'linux').each([
    ['holds a process of its own', 'litterer'],
    ['has grown', 'glutton'],
    ['has used its spare time', 'toiler'],
  ])('is replaced when it %s', async (_, behaviour) => {
    const { root, ask, workers } = aRunner()
    await ask(behaviour)
    await ask('worker')
    expect(new Set(workers()).size).toBe(2)
    if (behaviour === 'litterer') {
      const left = Number(readFileSync(join(root, 'litterer'), 'utf8'))
      await expect.poll(() => isAlive(left)).toBe(false)
    }
  })

  it('is not used for an operation with more CPU time than the kernel would give it', async () => {
    const { ask, workers } = aRunner()
    await ask('worker', { cpuSeconds: 1 })
    await ask('worker', { cpuSeconds: 2 })
    expect(new Set(workers()).size).toBe(2)
  })

  it('that speaks when its order is done is killed, and what it says counts for nobody', async () => {
    const { ask, workers } = aRunner()
    await ask('mutterer')
    await expect.poll(() => isAlive(workers()[0] ?? 0), { timeout: 10_000 }).toBe(false)
    const report = await ask('worker')
    expect(report.found).toBe(1)
    expect(JSON.stringify(report)).not.toMatch(/10\.6\.6\.6/)
  })

  it('serves one operation at a time: two at once are two processes, and one of them stays', async () => {
    const { ask, workers } = aRunner()
    await Promise.all([ask('worker'), ask('worker')])
    const both = workers()
    expect(new Set(both).size).toBe(2)
    await expect.poll(() => both.filter(isAlive).length).toBe(1)
  })
})

describe('a real module in a child of its own', () => {
  it('looks at the machine, and a FIFO does not hold it up', async () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'etc'))
    writeFileSync(join(root, 'etc/passwd'), 'root:hunter2\n')
    execFileSync('mkfifo', [join(root, 'etc/pipe')])
    const runner = createChildRunner(
      modules,
      { command: [process.execPath, join(import.meta.dirname, '../../dist/mig.js')], root, prlimit },
      { clock: systemClock, log: () => undefined },
    )
    const search = { paths: ['/etc'], contents: ['hunter2'] }
    const report = await runner.run({
      module: 'file',
      parameters: { searches: { s1: search } },
      wallMs: 20_000,
      cpuSeconds: 30,
      matches: 100,
      outputBytes: 64 * 1024,
      signal: new AbortController().signal,
    })
    expect(report).toMatchObject({ outcome: 'done', found: 1 })
    expect(JSON.stringify(report.result.elements)).toMatch(/"\/etc\/passwd"/)
    expect(JSON.stringify(report)).not.toMatch(/root:/)
  })
})
