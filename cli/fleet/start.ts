import { formatInstant } from '../../node/core/instant.ts'
import type { NodeState } from '../../node/roles/enrol.ts'
import type { CommandContext } from '../context.ts'
import { version } from '../version.ts'
import { writeRunningFile } from './running-file.ts'

/** How long a node may take to stop: the agent's mesh process less, because its gate process waits for it. */
export const stopWithinMs = 1800
export const meshStopWithinMs = 1200

/** Cuts off a stop that hangs, also one that comes while the node is still starting. What was acknowledged is on the disk already. */
export function boundStop(context: CommandContext, withinMs: number): void {
  const cutOff = () => setTimeout(() => process.exit(0), withinMs).unref()
  context.signal.addEventListener('abort', cutOff, { once: true })
}

/** One line for the person who started it, and the file by which others see that it runs.
 *  @returns how to take that file away */
export async function announceStart(
  context: CommandContext,
  state: NodeState,
  addresses: readonly string[],
): Promise<() => Promise<void>> {
  const { certificate, path } = state
  const { role, name, peerid, fleet } = certificate
  const where = addresses.length === 0 ? 'no open port' : addresses.join(' ')
  context.terminal.say(`${role} ${name} ${peerid}, fleet ${fleet}, ${where}, state ${path}`)
  return writeRunningFile(path, {
    pid: process.pid,
    // Only a gate process starts an agent's mesh process.
    ...(role === 'agent' ? { gatepid: process.ppid } : {}),
    version,
    startedat: formatInstant(context.clock.now()),
    addresses: [...addresses].slice(0, 64),
  })
}

/** Waits for ctrl-C or SIGTERM, then stops. */
export async function runUntilStopped(context: CommandContext, stop: () => Promise<void>): Promise<void> {
  const { signal } = context
  // Timers of the mesh do not keep the process alive, and a node may have no socket for a while.
  const keepAlive = setInterval(() => undefined, 60_000)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearInterval(keepAlive)
  await stop()
  // All is on the disk and every connection closed: what a library still times would only keep the person waiting.
  process.exit(0)
}
