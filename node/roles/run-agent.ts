import { type ChildProcess, type StdioNull, type StdioPipe, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { Clock, Random } from '../core/clock.ts'
import { MigError, messageOf } from '../core/error.ts'
import { maxRestartDelayMs, meshHeapMegabytes, minRestartDelayMs } from '../core/limits.ts'
import { serveGate } from '../gate/gate-link.ts'
import { heapFlags } from '../gate/usage-watch.ts'
import { watchMemory } from './memory-watch.ts'
import { type GateSetup, openGate } from './run-gate.ts'
import { seatBelt } from './seat-belt.ts'

export interface AgentSetup extends GateSetup {
  /** Arguments of `mig agent mesh`, which the mesh process is started with. */
  readonly meshArguments: readonly string[]
  /** The HTTP proxy that the mesh process may use. It goes by the environment, which other users cannot read: a password may be in it. */
  readonly proxy?: string | undefined
  /** Unprivileged user for the process that faces the network; the state directory's mesh part must be its own. */
  readonly meshUser?: { readonly uid: number; readonly gid: number }
}

type Log = (event: string, details?: Record<string, unknown>) => void

/** An endpoint: this process becomes the gate and starts the mesh process, with less power, behind a pipe. The one that has
 *  the privileges never opens a socket; the one that faces the network is restarted when it falls.
 *  @returns when it has been stopped */
export async function runAgent(
  setup: AgentSetup,
  ports: { readonly clock: Clock; readonly random: Random; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, random, log, signal } = ports
  const { gate, close } = await openGate(setup, ports)
  let child: ChildProcess | undefined
  let delayMs = minRestartDelayMs
  // The clock's timers keep no process alive: without this one the gate would end with its mesh process instead of starting another.
  const keepAlive = setInterval(() => undefined, 60_000)
  try {
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      child = startMesh(setup)
      const exited = new Promise<string>((resolve) => {
        child?.once('error', (error) => resolve(error.message))
        child?.once('exit', (code, killed) => resolve(killed ?? `code ${code}`))
      })
      const stop = () => child?.kill('SIGTERM')
      signal.addEventListener('abort', stop, { once: true })
      const { from, to } = gatePipes(child)
      void serveGate(gate, from, to, log)
      const watched = watchMemory(child, (megabytes) => log('mesh-too-large', { megabytes }))
      const how = await exited
      watched()
      signal.removeEventListener('abort', stop)
      if (signal.aborted) return
      // Exit code 2: the mesh process says that starting it again would change nothing.
      if (how === 'code 2') throw new MigError('usage', 'the mesh process cannot start with these settings')
      log('mesh-ended', { how })
      delayMs =
        clock.monotonicMs() - startedMs > maxRestartDelayMs
          ? minRestartDelayMs
          : Math.min(delayMs * 2, maxRestartDelayMs)
      await clock.sleep(delayMs * (0.5 + random.fraction()), signal).catch(() => undefined)
    }
  } finally {
    clearInterval(keepAlive)
    child?.kill('SIGTERM')
    await close().catch((error: unknown) => log('close-failed', { error: messageOf(error) }))
  }
}

/** The gate's ends of the two pipes. */
export function gatePipes(child: ChildProcess): { readonly from: Readable; readonly to: Writable } {
  const [, , , from, to] = child.stdio as unknown as [unknown, unknown, unknown, Readable, Writable]
  return { from, to }
}

function startMesh(setup: AgentSetup): ChildProcess {
  return startConfined(setup, ['agent', 'mesh', ...setup.meshArguments], ['ignore', 'inherit'])
}

/** Starts the other process of an agent behind its seat belt, with two pipes to the gate: 3 from it, 4 to it.
 *  @param standard its stdin and stdout; stderr is this process's own */
export function startConfined(
  setup: Pick<AgentSetup, 'command' | 'state' | 'meshUser' | 'proxy'>,
  words: readonly string[],
  standard: readonly [StdioNull | StdioPipe | number, StdioNull | StdioPipe | number],
): ChildProcess {
  const [node, ...entry] = setup.command
  if (node === undefined) throw new RangeError('no command to start the mesh process with')
  const args = [
    ...heapFlags(meshHeapMegabytes),
    '--disable-proto=delete',
    ...seatBelt(setup.command, setup.state.mesh.path),
    // The seat belt lets nobody follow a link such as /usr/bin/mig.
    ...entry.map((path) => realpathSync(path)),
    ...words,
  ]
  return spawn(node, args, {
    env: { NODE_NO_WARNINGS: '1', ...(setup.proxy === undefined ? {} : { HTTPS_PROXY: setup.proxy }) },
    stdio: [...standard, 'inherit', 'pipe', 'pipe'],
    windowsHide: true,
    ...(setup.meshUser ?? {}),
  })
}
