import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../core/clock.ts'
import {
  drainGraceMs,
  hostSpareCpuSeconds,
  maxHostRuns,
  maxIdleHostMegabytes,
  moduleHeapMegabytes,
} from '../core/limits.ts'
import type { RunOrder } from './runner.ts'
import { hasCompany, heapFlags, readUsage } from './usage-watch.ts'

export interface HostOptions {
  /** How to run this project: `[node, mig.js]`, or the single binary. */
  readonly command: readonly string[]
  /** The machine to look at. */
  readonly root: string
  /** `prlimit` of util-linux, where there is one: a limit on CPU time that the kernel enforces. */
  readonly prlimit: string | undefined
  /** Words before the command that make it read and write when nobody else does, as `ionice -c 3` do; they become it, and start nothing. */
  readonly gently?: readonly string[]
  /** Of one core, at most what operations may use; 100 and absent: as much as there is. */
  readonly corePercent?: number | undefined
  /** Threads of one operation; absent: half the cores, as memory permits. */
  readonly threads?: number | undefined
}

/** Who hears a host while it works. */
export interface HostListener {
  output(chunk: Buffer): void
  complaint(bytes: number): void
  /** The process is gone, and what it had written has arrived. @param how undefined when it ended with code 0 */
  gone(how: string | undefined): void
}

/** A process that runs operations one after the other: a group that can be killed whole, with an empty environment, orders as lines
 *  on stdin and event streams on stdout, of which nothing is believed. */
export interface ModuleHost {
  readonly pid: number | undefined
  /** May it be given this order too? Not when it was used for long, has grown, holds processes of its own or has a lower CPU limit. */
  isFitFor(order: RunOrder): boolean
  /** Gives it an order. Whatever it says until `rest` goes to the listener. */
  work(order: RunOrder, listener: HostListener): void
  /** Its order is done. A host that speaks while it rests is killed.
   *  @param onGone called once when it is gone */
  rest(onGone: () => void): void
  /** Kills the whole group. */
  kill(): void
  /** Kills it and lets go of everything that belongs to it. */
  discard(): void
}

/** @param cpuSeconds the longest operation that it will be given */
export function startHost(options: HostOptions, cpuSeconds: number, clock: Clock): ModuleHost {
  const child = spawnHost(options, cpuSeconds)
  let listener: HostListener | undefined
  let onGoneIdle: () => void = () => undefined
  let goneHow: { readonly how: string | undefined } | undefined
  let callOffDrain: () => void = () => undefined
  let runs = 0
  // The kernel may show a killed process for a while as if it were there.
  let isKilled = false
  const kill = () => {
    isKilled = true
    killGroup(child)
  }

  const gone = (how: string | undefined) => {
    if (goneHow !== undefined) return
    goneHow = { how }
    callOffDrain()
    if (listener === undefined) onGoneIdle()
    else listener.gone(how)
  }
  const ended = (code: number | null, signal: string | null) =>
    gone(code === 0 ? undefined : `module process ended with ${signal ?? `code ${code}`}`)
  child.once('error', (error) => gone(`module process could not be started: ${error.message}`))
  child.once('close', ended)
  child.once('exit', (code, signal) => {
    // A module may have started processes of its own: nothing of the group outlives it. One that has left the group
    // may still hold the pipes; nobody waits for it.
    killGroup(child)
    callOffDrain = clock.after(drainGraceMs, () => ended(code, signal))
  })
  child.stdin?.on('error', () => undefined)
  child.stdout?.on('data', (chunk: Buffer) => {
    if (listener === undefined) kill()
    else listener.output(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => listener?.complaint(chunk.length))

  return {
    pid: child.pid,
    isFitFor(order) {
      if (isKilled || goneHow !== undefined || child.pid === undefined) return false
      if (runs >= maxHostRuns || order.cpuSeconds > cpuSeconds) return false
      if (process.platform !== 'linux') return true
      const usage = readUsage(child.pid)
      return (
        usage !== undefined &&
        usage.cpuSeconds <= hostSpareCpuSeconds &&
        usage.residentBytes <= maxIdleHostMegabytes * 1024 * 1024 &&
        !hasCompany(child.pid)
      )
    },
    work(order, next) {
      runs++
      listener = next
      hold(child, true)
      if (goneHow !== undefined) return next.gone(goneHow.how)
      const { module, parameters, wallMs, matches, outputBytes } = order
      child.stdin?.write(`${JSON.stringify({ module, parameters, wallMs, matches, outputBytes })}\n`)
    },
    rest(onGone) {
      listener = undefined
      onGoneIdle = onGone
      hold(child, false)
      if (goneHow !== undefined) onGone()
    },
    kill,
    discard() {
      listener = undefined
      onGoneIdle = () => undefined
      killGroup(child)
      callOffDrain()
      for (const stream of child.stdio) stream?.destroy()
      child.unref()
    },
  }
}

function spawnHost(options: HostOptions, cpuSeconds: number): ChildProcess {
  const [node, ...entry] = options.command
  if (node === undefined) throw new RangeError('no command to run modules with')
  const args = [
    ...heapFlags(moduleHeapMegabytes),
    '--disable-proto=delete',
    ...entry,
    'module',
    'host',
    '--root',
    options.root,
    ...(options.corePercent === undefined ? [] : ['--core-percent', String(options.corePercent)]),
    ...(options.threads === undefined ? [] : ['--threads', String(options.threads)]),
    // Its group is not ended with this process.
    ...(process.platform === 'win32' ? [] : ['--parent', String(process.pid)]),
  ]
  const kernelSeconds = cpuSeconds + 1 + hostSpareCpuSeconds
  const limited = options.prlimit === undefined ? [] : [options.prlimit, `--cpu=${kernelSeconds}`, '--core=0']
  const [command = node, ...commandArgs] = [...(options.gently ?? []), ...limited, node, ...args]
  return spawn(command, commandArgs, {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  })
}

/** A host that rests does not keep the gate's process alive. */
function hold(child: ChildProcess, isHeld: boolean): void {
  const word = isHeld ? 'ref' : 'unref'
  child[word]()
  for (const stream of child.stdio) {
    if (stream !== null && stream !== undefined && word in stream)
      (stream as unknown as Record<string, () => void>)[word]?.()
  }
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
