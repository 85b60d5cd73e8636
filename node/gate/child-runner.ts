import { createEventReader } from '../../modules/event-reader.ts'
import type { ModuleDefinition } from '../../modules/module.ts'
import type { Clock } from '../core/clock.ts'
import { drainGraceMs, hostLingerMs, killGraceMs, watchIntervalMs } from '../core/limits.ts'
import { type HostOptions, type ModuleHost, startHost } from './module-host.ts'
import { runnableModules } from './runnable-modules.ts'
import type { Runner, RunOrder, RunReport } from './runner.ts'
import { createUsageWatch } from './usage-watch.ts'

export interface ChildRunnerOptions extends HostOptions {
  /** How long a host waits for more work; `hostLingerMs` of limits.ts when absent. */
  readonly lingerMs?: number
}

export interface ChildRunner extends Runner {
  /** Ends the host that waits for work. */
  stop(): void
}

type Log = (event: string, details?: Record<string, unknown>) => void
type Ports = { readonly clock: Clock; readonly log: Log }

/** Runs operations in processes of their own. A host that has done its work well stays some seconds for the next operation, because
 *  starting a process costs more than most questions do; after anything else (a limit, a cancel, a failure, a line that should not
 *  be there) it is killed with its group, and the next operation gets a fresh one.
 *  @see docs/architecture.md 4, docs/decisions/module-hosts.md */
export function createChildRunner(
  modules: readonly ModuleDefinition[],
  options: ChildRunnerOptions,
  ports: Ports,
): ChildRunner {
  let idle: { readonly host: ModuleHost; readonly callOff: () => void } | undefined
  let isStopped = false

  function takeHost(order: RunOrder): ModuleHost {
    const resting = takeIdle()
    if (resting?.isFitFor(order)) return resting
    resting?.discard()
    return startHost(options, order.cpuSeconds, ports.clock)
  }

  function takeIdle(): ModuleHost | undefined {
    idle?.callOff()
    const host = idle?.host
    idle = undefined
    return host
  }

  /** One host waits at most: agents run one action after the other. */
  function keep(host: ModuleHost): void {
    if (isStopped || idle !== undefined) {
      host.discard()
      return
    }
    const forget = () => {
      if (idle?.host === host) takeIdle()
      host.discard()
    }
    idle = { host, callOff: ports.clock.after(options.lingerMs ?? hostLingerMs, forget) }
    host.rest(forget)
  }

  return {
    modules: runnableModules(modules),
    async run(order) {
      const definition = modules.find((module) => module.name === order.module)
      if (definition === undefined) throw new RangeError(`no module ${order.module}`)
      const host = takeHost(order)
      const { report, isTrusted } = await runOn(host, definition, order, ports)
      if (isTrusted) keep(host)
      else host.discard()
      return report
    },
    stop() {
      isStopped = true
      takeIdle()?.discard()
    },
  }
}

async function runOn(
  host: ModuleHost,
  definition: ModuleDefinition,
  order: RunOrder,
  { clock, log }: Ports,
): Promise<{ readonly report: RunReport; readonly isTrusted: boolean }> {
  const reader = createEventReader(definition, order.parameters, {
    maxMatches: order.matches,
    maxOutputBytes: order.outputBytes,
  })
  let stop: { readonly outcome: RunReport['outcome']; readonly reason: string } | undefined
  const end = (outcome: RunReport['outcome'], reason: string) => {
    stop ??= { outcome, reason }
    host.kill()
  }

  const abort = () => end('cancelled', 'cancelled')
  order.signal.addEventListener('abort', abort, { once: true })
  // The host stops by itself at the deadline and says what it had found; the grace is for saying so.
  const callOffKill = clock.after(order.wallMs + killGraceMs, () =>
    end('timed-out', `killed after ${order.wallMs / 1000} s`),
  )
  const watch = createUsageWatch(host.pid, order.cpuSeconds, (reason) => end('failed', reason))
  let callOffWatch = clock.after(watchIntervalMs, function look() {
    watch()
    callOffWatch = clock.after(watchIntervalMs, look)
  })
  const startedMs = clock.monotonicMs()
  let complaints = 0
  let callOffWait: () => void = () => undefined
  const exit = await new Promise<string | undefined>((resolve) => {
    // Even a killed process stays while the kernel waits for a file system that hangs.
    const lastMs = order.wallMs + 2 * killGraceMs + drainGraceMs
    callOffWait = clock.after(lastMs, () => resolve('module process could not be killed'))
    host.work(order, {
      output(chunk) {
        reader.push(chunk)
        if (reader.overrun !== undefined) end('failed', `output limit: ${reader.overrun}`)
        else if (reader.ended) resolve(undefined)
      },
      complaint(bytes) {
        complaints += bytes
      },
      gone: resolve,
    })
    if (order.signal.aborted) abort()
  })
  callOffWait()
  callOffKill()
  callOffWatch()
  order.signal.removeEventListener('abort', abort)
  // For this machine's own log only: what a child prints may quote what it was reading.
  if (complaints > 0) log('module-stderr', { module: order.module, bytes: complaints })

  const cut = stop?.reason ?? (reader.ended ? undefined : (exit ?? 'module process ended without a result'))
  const run = reader.finish(cut)
  if (run.cutElements + run.droppedEvents > 0)
    log('module-cut', { module: order.module, elements: run.cutElements, events: run.droppedEvents })
  const found = run.findings.filter((finding) => finding.found).length
  const base = { result: run.result, found }
  const untrusted = (rest: Omit<RunReport, keyof typeof base>) => ({
    report: { ...base, ...rest },
    isTrusted: false,
  })
  if (stop !== undefined) return untrusted(stop)
  if (cut !== undefined) return untrusted({ outcome: 'failed', reason: cut })
  // Ended by itself, but by its deadline: then not everything was looked at.
  if (run.result.truncated === true && clock.monotonicMs() - startedMs >= order.wallMs)
    return untrusted({ outcome: 'timed-out', reason: `stopped after ${order.wallMs / 1000} s` })
  if (!run.result.success)
    return untrusted({ outcome: 'failed', reason: run.result.errors?.[0]?.slice(0, 512) ?? 'module failed' })
  return {
    report: { ...base, outcome: 'done' },
    isTrusted: run.cutElements + run.droppedEvents + complaints === 0,
  }
}
