import type { ChildProcess } from 'node:child_process'
import { meshHeapMegabytes, meshMemoryMegabytes, meshWatchIntervalMs } from '../core/limits.ts'
import { readUsage } from '../gate/usage-watch.ts'

/** Where the kernel shows what a process holds, that is watched, buffers included. Elsewhere V8 has to keep its heap small by itself:
 *  a flag of V8's on the command line, which makes every start slower by a tenth of a second of processor time, because Node's own
 *  code cache does not fit then. */
export const heapFlags: readonly string[] =
  process.platform === 'linux' ? [] : [`--max-old-space-size=${meshHeapMegabytes}`]

/** Kills the mesh process when it holds more than it ever should: what an attacker makes it collect must not become the whole machine's
 *  trouble. Its gate starts another.
 *  @param limitMegabytes resident memory
 *  @returns what ends the watch */
export function watchMemory(
  child: ChildProcess,
  exceeded: (usedMegabytes: number) => void,
  limitMegabytes = meshMemoryMegabytes,
): () => void {
  const timer = setInterval(() => {
    const usedMegabytes = Math.round((readUsage(child.pid)?.residentBytes ?? 0) / 1024 / 1024)
    if (usedMegabytes <= limitMegabytes) return
    clearInterval(timer)
    exceeded(usedMegabytes)
    child.kill('SIGKILL')
  }, meshWatchIntervalMs)
  return () => clearInterval(timer.unref())
}
