import type { ChildProcess } from 'node:child_process'
import { meshMemoryMegabytes, meshWatchIntervalMs } from '../core/limits.ts'
import { readUsage } from '../gate/usage-watch.ts'

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
