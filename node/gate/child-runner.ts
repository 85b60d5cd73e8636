import { type ChildProcess, spawn } from 'node:child_process'
import { createEventReader } from '../../modules/event-reader.ts'
import type { ModuleDefinition } from '../../modules/module.ts'
import type { Clock } from '../core/clock.ts'
import { drainGraceMs, killGraceMs, moduleHeapMegabytes, watchIntervalMs } from '../core/limits.ts'
import { runnableModules } from './runnable-modules.ts'
import type { Runner, RunOrder, RunReport } from './runner.ts'
import { createUsageWatch } from './usage-watch.ts'

export interface ChildRunnerOptions {
  /** The executable of this project: `[node, mig.js]`, or the single binary. */
  readonly command: readonly string[]
  /** The machine to look at. */
  readonly root: string
  /** `prlimit` of util-linux, where there is one: a limit on CPU time that the kernel enforces. */
  readonly prlimit: string | undefined
}

type Log = (event: string, details?: Record<string, unknown>) => void

/** Runs every operation in a process of its own: a group that can be killed whole, with an empty environment, parameters on stdin
 *  and an event stream on stdout of which nothing is believed.
 *  @see docs/architecture.md 4 */
export function createChildRunner(
  modules: readonly ModuleDefinition[],
  options: ChildRunnerOptions,
  ports: { readonly clock: Clock; readonly log: Log },
): Runner {
  return {
    modules: runnableModules(modules),
    async run(order) {
      const definition = modules.find((module) => module.name === order.module)
      if (definition === undefined) throw new RangeError(`no module ${order.module}`)
      return runChild(definition, order, options, ports)
    },
  }
}

async function runChild(
  definition: ModuleDefinition,
  order: RunOrder,
  options: ChildRunnerOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<RunReport> {
  const reader = createEventReader(definition, order.parameters, {
    maxMatches: order.matches,
    maxOutputBytes: order.outputBytes,
  })
  const child = start(order, options)
  let stop: { readonly outcome: RunReport['outcome']; readonly reason: string } | undefined
  const end = (outcome: RunReport['outcome'], reason: string) => {
    stop ??= { outcome, reason }
    killGroup(child)
  }

  const abort = () => end('cancelled', 'cancelled')
  if (order.signal.aborted) abort()
  order.signal.addEventListener('abort', abort, { once: true })
  // The child stops itself at its deadline and says what it had found; the grace is for saying so.
  const callOffKill = clock.after(order.wallMs + killGraceMs, () =>
    end('timed-out', `killed after ${order.wallMs / 1000} s`),
  )
  const watch = createUsageWatch(child.pid, order.cpuSeconds, (reason) => end('failed', reason))
  let callOffWatch = clock.after(watchIntervalMs, function look() {
    watch()
    callOffWatch = clock.after(watchIntervalMs, look)
  })

  child.stdout?.on('data', (chunk: Buffer) => {
    reader.push(chunk)
    if (reader.overrun !== undefined) end('failed', `output limit: ${reader.overrun}`)
  })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 2048) complaint += chunk.toString('utf8').slice(0, 2048)
  })
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(JSON.stringify({ class: 'parameters', parameters: order.parameters }))

  const startedMs = clock.monotonicMs()
  const callOffWaits: (() => void)[] = []
  const exit = await new Promise<string | undefined>((resolve) => {
    const ended = (code: number | null, signal: string | null) =>
      resolve(code === 0 ? undefined : `module process ended with ${signal ?? `code ${code}`}`)
    child.once('error', (error) => resolve(`module process could not be started: ${error.message}`))
    child.once('close', ended)
    child.once('exit', (code, signal) => {
      // A module may have started processes of its own: nothing of the group outlives it. One that has left the group
      // may still hold the pipes; nobody waits for it.
      killGroup(child)
      callOffWaits.push(clock.after(drainGraceMs, () => ended(code, signal)))
    })
    // Even a killed process stays while the kernel waits for a file system that hangs.
    const lastMs = order.wallMs + 2 * killGraceMs + drainGraceMs
    callOffWaits.push(clock.after(lastMs, () => resolve('module process could not be killed')))
  })
  for (const callOff of callOffWaits) callOff()
  for (const stream of child.stdio) stream?.destroy()
  child.unref()
  callOffKill()
  callOffWatch()
  order.signal.removeEventListener('abort', abort)
  // For this machine's own log only: what a child prints may quote what it was reading.
  if (complaint !== '') log('module-stderr', { module: order.module, bytes: complaint.length })

  const cut = stop?.reason ?? (reader.ended ? undefined : (exit ?? 'module process ended without a result'))
  const run = reader.finish(cut)
  if (run.cutElements + run.droppedEvents > 0)
    log('module-cut', { module: order.module, elements: run.cutElements, events: run.droppedEvents })
  const found = run.findings.filter((finding) => finding.found).length
  const report = { result: run.result, found }
  if (stop !== undefined) return { ...report, ...stop }
  if (cut !== undefined) return { ...report, outcome: 'failed', reason: cut }
  // Ended by itself, but by its deadline: then not everything was looked at.
  if (run.result.truncated === true && clock.monotonicMs() - startedMs >= order.wallMs) {
    return { ...report, outcome: 'timed-out', reason: `stopped after ${order.wallMs / 1000} s` }
  }
  if (!run.result.success)
    return { ...report, outcome: 'failed', reason: run.result.errors?.[0]?.slice(0, 512) ?? 'module failed' }
  return { ...report, outcome: 'done' }
}

function start(order: RunOrder, options: ChildRunnerOptions): ChildProcess {
  const [node, ...entry] = options.command
  if (node === undefined) throw new RangeError('no command to run modules with')
  const limits = [
    // Its group is not ended with this process.
    ...(process.platform === 'win32' ? [] : ['--parent', String(process.pid)]),
    '--wall-ms',
    String(order.wallMs),
    '--matches',
    String(order.matches),
    '--bytes',
    String(order.outputBytes),
  ]
  const args = [
    `--max-old-space-size=${moduleHeapMegabytes}`,
    '--disable-proto=delete',
    ...entry,
    'module',
    'run',
    order.module,
    '--events',
    '--root',
    options.root,
    ...limits,
  ]
  const [command, commandArgs] =
    options.prlimit === undefined
      ? [node, args]
      : [options.prlimit, [`--cpu=${order.cpuSeconds + 1}`, '--core=0', node, ...args]]
  return spawn(command, commandArgs, {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    // A negative id is the process group; Windows has none and kills the child alone.
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It is gone already: that is what was wanted.
  }
}
